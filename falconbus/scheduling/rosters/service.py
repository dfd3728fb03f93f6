"""Use cases of rosters: a person's week, and the secret address of their calendar."""

from dataclasses import dataclass
from datetime import date, timedelta

from falconbus.platform.kit import clock, references
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.assignments.models import CrewRole
from falconbus.scheduling.permissions import SEE_STAFF
from falconbus.scheduling.rosters import duties, queries
from falconbus.scheduling.rosters.duties import Duty
from falconbus.scheduling.rosters.errors import CalendarNotFound
from falconbus.scheduling.rosters.policy import Week
from falconbus.scheduling.staff_records.errors import StaffNotFound

_PURPOSE = "roster calendar"
_PAST, _AHEAD = timedelta(days=31), timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Hours:
    """An interval of working hours in minutes from midnight; past 1440 is the next day."""

    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Day:
    """A day in the office's time zone: the kind of leave, or the working hours; and the duties that start on it."""

    date: date
    leave: str | None
    hours: tuple[Hours, ...]
    duties: tuple[Duty, ...]


@dataclass(frozen=True, slots=True)
class Roster:
    """A person's week; its times are totals of whole accepted duties that start in it."""

    staff_id: int
    name: str
    week: Week
    days: tuple[Day, ...]

    @property
    def driving(self) -> timedelta:
        return self._total({CrewRole.DRIVER})

    @property
    def working(self) -> timedelta:
        return self._total(set(CrewRole))

    def _total(self, roles: set[CrewRole]) -> timedelta:
        duties_of_week = (duty for day in self.days for duty in day.duties)
        return sum((duty.duration for duty in duties_of_week if duty.is_accepted and duty.part in roles), timedelta(0))


def get_roster(staff_id: int, week: Week | None, identity: Identity) -> Roster:
    """Return a person's week, by default the present one; StaffNotFound for others if the caller may not see staff."""
    if staff_id != identity.user_id and not identity.may(SEE_STAFF):
        raise StaffNotFound
    zone = get_settings().time_zone
    week = week or Week.of(clock.today(zone))
    person = queries.find_person(staff_id, week.days[0], week.days[-1])
    if person is None:
        raise StaffNotFound
    begin, end = clock.day_bounds(week.days[0], zone)[0], clock.day_bounds(week.days[-1], zone)[1]
    week_duties = duties.duties_between(staff_id, begin, end)
    leaves = [(kind, date.fromisoformat(first), date.fromisoformat(last)) for kind, first, last in person.leaves]
    return Roster(
        person.id, person.name, week, tuple(_day(day, person.hours, leaves, week_duties, zone) for day in week.days)
    )


def _day(
    day: date, hours: list[list[int]], leaves: list[tuple[str, date, date]], week_duties: list[Duty], zone: str
) -> Day:
    leave = next((kind for kind, first, last in leaves if first <= day <= last), None)
    day_hours = [Hours(begins, ends) for weekday, begins, ends in hours if weekday == day.isoweekday()]
    day_duties = [duty for duty in week_duties if clock.local(duty.begins, zone).date() == day]
    return Day(day, leave, () if leave else tuple(day_hours), tuple(day_duties))


def calendar_url(staff_id: int) -> str:
    """Return the secret address of a person's calendar, derived and never stored; StaffNotFound."""
    number = queries.find_calendar_number(staff_id)
    if number is None:
        raise StaffNotFound
    return _url(staff_id, number)


def change_calendar_url(staff_id: int) -> str:
    """Revoke the secret address of a person's calendar, and return a new one."""
    return _url(staff_id, queries.next_calendar_number(staff_id))


def calendar_duties(token: str) -> list[Duty]:
    """Return the duties of the calendar with this token, from 31 days back to 120 ahead; CalendarNotFound."""
    staff_id, number = _read_token(token)
    if queries.find_calendar_number(staff_id) != number:
        raise CalendarNotFound
    now = clock.now()
    return duties.duties_between(staff_id, now - _PAST, now + _AHEAD)


def _url(staff_id: int, number: int) -> str:
    signature = references.signature(get_settings().secret_key, _PURPOSE, f"{staff_id}.{number}")
    return f"{get_settings().public_url}/api/v1/scheduling/rosters/calendar/{staff_id}.{number}.{signature}.ics"


def _read_token(token: str) -> tuple[int, int]:
    value, _, signature = token.rpartition(".")
    if not (token.isascii() and references.is_signature(signature, get_settings().secret_key, _PURPOSE, value)):
        raise CalendarNotFound
    staff_id, _, number = value.partition(".")
    return int(staff_id), int(number)
