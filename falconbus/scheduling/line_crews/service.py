"""Use cases of the crews of line schedules, who are assigned without an offer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Self

from falconbus.accounts import audit
from falconbus.platform.database.engine import AnyRow, AnySelect
from falconbus.platform.design import formats
from falconbus.platform.kit import clock
from falconbus.platform.kit.errors import Invalid
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.assignments import service
from falconbus.scheduling.assignments.models import CrewRole
from falconbus.scheduling.assignments.service import Crew, Ride
from falconbus.scheduling.eligibility.service import StaffWarning, check_eligibility
from falconbus.scheduling.line_crews import queries
from falconbus.scheduling.line_crews.errors import ScheduleLeft
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.notifications.service import Message, notify
from falconbus.scheduling.permissions import DISPATCH
from falconbus.timetable.errors import ScheduleNotFound

_A_WEEK, _LONGEST_DAYS = timedelta(days=6), 92


@dataclass(frozen=True, slots=True)
class CrewMember:
    """A member of a crew."""

    id: int
    name: str
    phone: str | None
    part: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LineCrew:
    """A departure and its crew, the driver first; times are local to the first and the last stop."""

    schedule_id: int
    route_name: str
    departs_at: datetime
    arrives_at: datetime
    origin: str
    destination: str
    bus_number: str
    members: tuple[CrewMember, ...]

    @classmethod
    def of(cls, rows: Sequence[AnyRow]) -> Self:
        first = rows[0]
        return cls(
            schedule_id=first.id,
            route_name=first.route_name,
            departs_at=clock.local(first.departure_time, first.origin_zone),
            arrives_at=clock.local(first.arrival_time, first.destination_zone),
            origin=first.origin,
            destination=first.destination,
            bus_number=first.bus_number,
            members=tuple(
                CrewMember(row.staff_id, row.staff_name, row.phone, row.part)
                for row in rows
                if row.staff_id is not None
            ),
        )


@dataclass(frozen=True, slots=True)
class _CrewAdditions(Crew):
    """The new members of a crew; their pointers are those of the whole crew."""

    whole: Crew = field(kw_only=True)

    @property
    def pointers(self) -> dict[int, str]:
        return self.whole.pointers


def get_crew(schedule_id: int, identity: Identity) -> LineCrew:
    """Return a departure's crew to dispatchers and to its members; ScheduleNotFound for all others."""
    rows = queries.schedule_crew(schedule_id)
    is_member = any(row.staff_id is not None and row.staff_id == identity.user_id for row in rows)
    if not rows or not (is_member or identity.may(DISPATCH)):
        raise ScheduleNotFound
    return LineCrew.of(rows)


def change_crew(schedule_id: int, crew: Crew) -> list[StaffWarning]:
    """Replace a departure's crew, notify who joins and who leaves, and return the warnings about new members.

    ScheduleNotFound, AlreadyCancelled, ScheduleLeft, Invalid, UnknownStaff, StaffBusy, OnLeave, LicenceExpired,
    TooFar.
    """
    service.check_distinct(crew)
    schedule, now = queries.lock_schedule(schedule_id), clock.now()
    schedule.check_not_cancelled()
    if schedule.departure_time <= now:
        raise ScheduleLeft
    present = queries.schedule_assignments(schedule_id)
    kept_ids = {each.staff_id for each in present if crew.roles.get(each.staff_id) == each.part}
    queries.delete_assignments([each.id for each in present if each.staff_id not in kept_ids])
    additions = _additions(crew, kept_ids)
    ride = Ride(
        starts_at=schedule.departure_time,
        ends_at=schedule.arrival_time,
        schedule_id=schedule_id,
        places=queries.get_places(schedule.route_id),
    )
    warnings = check_eligibility(additions.roles, ride, crew.pointers)
    for assignment in service.assign(ride, additions, at=now):
        assignment.told_bus_id, assignment.told_active = schedule.bus_id, schedule.active
    left_ids = {each.staff_id for each in present} - set(crew.roles)
    if additions.roles or left_ids:
        audit.record("change", "crews", schedule_id, driver_id=crew.driver_id, attendant_ids=sorted(crew.attendant_ids))
        _notify_crew(schedule_id, additions.roles, left_ids)
    return warnings


def uncrewed(first: date | None, last: date | None) -> AnySelect:
    """Return the select of future departures without a driver, on days `first` to `last`, both included; Invalid."""
    zone = get_settings().time_zone
    first = first or clock.today(zone)
    last = last or first + _A_WEEK
    if not 0 <= (last - first).days < _LONGEST_DAYS:
        raise Invalid(f"must be from 0 to {_LONGEST_DAYS - 1} days after from", pointer="to")
    (begin, _), (_, end) = clock.day_bounds(first, zone), clock.day_bounds(last, zone)
    return queries.uncrewed(max(begin, clock.now()), end)


def _additions(crew: Crew, kept_ids: Collection[int]) -> _CrewAdditions:
    driver_id = None if crew.driver_id in kept_ids else crew.driver_id
    return _CrewAdditions(driver_id, [each for each in crew.attendant_ids if each not in kept_ids], whole=crew)


def _notify_crew(schedule_id: int, joined: Mapping[int, CrewRole], left_ids: Collection[int]) -> None:
    crew = LineCrew.of(queries.schedule_crew(schedule_id))
    route, when = crew.route_name, formats.moment(crew.departs_at, formats.STAFF_LANGUAGE)
    notices = [
        (NotificationKind.ROSTERED, f"You {_VERBS[role]} {route}, {when}", _with_role(joined, role))
        for role in CrewRole
    ]
    notices.append((NotificationKind.UNROSTERED, f"You are not on {route} any more, {when}", left_ids))
    for kind, title, staff_ids in notices:
        if staff_ids:
            text = _text(crew) if kind == NotificationKind.UNROSTERED else f"{_text(crew)}\n{_names(crew)}"
            notify(staff_ids, Message(kind=kind, title=title, message=text, schedule_id=schedule_id))


def _with_role(joined: Mapping[int, CrewRole], role: CrewRole) -> Collection[int]:
    return [staff_id for staff_id, own_role in joined.items() if own_role == role]


_VERBS = {CrewRole.DRIVER: "drive", CrewRole.ATTENDANT: "attend"}


def _text(crew: LineCrew) -> str:
    departs, arrives = (formats.moment(at, formats.STAFF_LANGUAGE) for at in (crew.departs_at, crew.arrives_at))
    lines = [
        crew.route_name,
        f"{departs} from {crew.origin} ({formats.utc_offset(crew.departs_at)})",
        f"{arrives} at {crew.destination} ({formats.utc_offset(crew.arrives_at)})",
        f"Bus {crew.bus_number}",
    ]
    return "\n".join(lines)


def _names(crew: LineCrew) -> str:
    return "Crew: " + ", ".join(f"{member.name} ({member.part})" for member in crew.members)
