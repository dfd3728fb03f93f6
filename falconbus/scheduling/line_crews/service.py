"""Crews of line schedules: who is put on one is on it, without being asked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Self

from falconbus.accounts import audit
from falconbus.platform.database.engine import AnyRow, AnySelect
from falconbus.platform.kit import clock
from falconbus.platform.kit.errors import Invalid
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.assignments import service
from falconbus.scheduling.assignments.models import Part
from falconbus.scheduling.assignments.service import Crew, Ride
from falconbus.scheduling.eligibility.service import Warned, check_standing
from falconbus.scheduling.line_crews import queries
from falconbus.scheduling.line_crews.errors import ScheduleLeft
from falconbus.scheduling.notifications.models import Kind
from falconbus.scheduling.notifications.service import Message, notify
from falconbus.scheduling.permissions import DISPATCH
from falconbus.timetable.errors import ScheduleNotFound

_A_WEEK, _LONGEST_DAYS = timedelta(days=6), 92


@dataclass(frozen=True, slots=True)
class Member:
    """One of a crew."""

    id: int
    name: str
    phone: str | None
    part: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LineCrew:
    """A departure and who is on it, the driver first; its times are local to the first and the last stop."""

    schedule_id: int
    route_name: str
    departs_at: datetime
    arrives_at: datetime
    origin: str
    destination: str
    bus_number: str
    members: tuple[Member, ...]

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
                Member(row.staff_id, row.staff_name, row.phone, row.part) for row in rows if row.staff_id is not None
            ),
        )


@dataclass(frozen=True, slots=True)
class _Joining(Crew):
    """Those of a crew who are not on the ride yet; a body names them where it names the whole of it."""

    whole: Crew = field(kw_only=True)

    @property
    def pointers(self) -> dict[int, str]:
        return self.whole.pointers


def get_crew(schedule_id: int, identity: Identity) -> LineCrew:
    """A departure's crew, for those who dispatch and those who are on it; ScheduleNotFound for all others."""
    rows = queries.schedule_crew(schedule_id)
    is_on_it = any(row.staff_id is not None and row.staff_id == identity.user_id for row in rows)
    if not rows or not (is_on_it or identity.may(DISPATCH)):
        raise ScheduleNotFound
    return LineCrew.of(rows)


def change_crew(schedule_id: int, crew: Crew) -> list[Warned]:
    """Have exactly these people on a departure; who joins and who leaves is told. Returns what to know of who joins.

    Raises ScheduleNotFound, ScheduleLeft, Invalid, UnknownStaff, StaffBusy, OnLeave, LicenceExpired.
    """
    service.check_distinct(crew)
    schedule, now = queries.lock_schedule(schedule_id), clock.now()
    if schedule.departure_time <= now:
        raise ScheduleLeft
    present = queries.on_schedule(schedule_id)
    stay = {each.staff_id for each in present if crew.parts.get(each.staff_id) == each.part}
    queries.delete_assignments([each.id for each in present if each.staff_id not in stay])
    joining = _joining(crew, stay)
    ride = Ride(starts_at=schedule.departure_time, ends_at=schedule.arrival_time, schedule_id=schedule_id)
    warned = check_standing(joining.parts, ride, crew.pointers)
    for each in service.put_on(ride, joining, at=now):
        each.told_bus_id, each.told_active = schedule.bus_id, schedule.active
    left = {each.staff_id for each in present} - set(crew.parts)
    if joining.parts or left:
        audit.record("change", "crews", schedule_id, driver_id=crew.driver_id, attendant_ids=sorted(crew.attendant_ids))
        _tell(schedule_id, joining.parts, left)
    return warned


def uncrewed(first: date | None, last: date | None) -> AnySelect:
    """Departures to come without a driver on the office's days `first` to `last`, both included; Invalid."""
    zone = get_settings().time_zone
    first = first or clock.today(zone)
    last = last or first + _A_WEEK
    if not 0 <= (last - first).days < _LONGEST_DAYS:
        raise Invalid(f"must be from 0 to {_LONGEST_DAYS - 1} days after from", pointer="to")
    (begin, _), (_, end) = clock.day_bounds(first, zone), clock.day_bounds(last, zone)
    return queries.uncrewed(max(begin, clock.now()), end)


def _joining(crew: Crew, stay: Collection[int]) -> _Joining:
    driver_id = None if crew.driver_id in stay else crew.driver_id
    return _Joining(driver_id, [each for each in crew.attendant_ids if each not in stay], whole=crew)


def _tell(schedule_id: int, joined: Mapping[int, Part], left: Collection[int]) -> None:
    crew = LineCrew.of(queries.schedule_crew(schedule_id))
    what, when = crew.route_name, _when(crew.departs_at)
    told = [(Kind.ROSTERED, f"You {_DOES[part]} {what}, {when}", _of(joined, part)) for part in Part]
    told.append((Kind.UNROSTERED, f"You are not on {what} any more, {when}", left))
    for kind, title, staff_ids in told:
        if staff_ids:
            text = _text(crew) if kind == Kind.UNROSTERED else f"{_text(crew)}\n{_names(crew)}"
            notify(staff_ids, Message(kind=kind, title=title, message=text, schedule_id=schedule_id))


def _of(joined: Mapping[int, Part], part: Part) -> Collection[int]:
    return [staff_id for staff_id, does in joined.items() if does == part]


_DOES = {Part.DRIVER: "drive", Part.ATTENDANT: "attend"}


def _text(crew: LineCrew) -> str:
    lines = [
        crew.route_name,
        f"{_when(crew.departs_at)} from {crew.origin} ({_offset(crew.departs_at)})",
        f"{_when(crew.arrives_at)} at {crew.destination} ({_offset(crew.arrives_at)})",
        f"Bus {crew.bus_number}",
    ]
    return "\n".join(lines)


def _names(crew: LineCrew) -> str:
    return "Crew: " + ", ".join(f"{member.name} ({member.part})" for member in crew.members)


def _offset(at: datetime) -> str:
    """`UTC+02:00`."""
    return f"UTC{at.isoformat()[-6:]}"


def _when(at: datetime) -> str:
    """`Sat 28 Nov, 08:00`."""
    return f"{at:%a} {at.day} {at:%b, %H:%M}"
