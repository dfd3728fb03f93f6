"""Putting people on rides, charters and line schedules alike: nobody is on two at a time.

Callers hold the lock of the charter or the schedule; people are locked after it, in the order of their keys.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from falconbus.platform.database.engine import db
from falconbus.platform.kit.errors import Invalid
from falconbus.scheduling.assignments import queries
from falconbus.scheduling.assignments.errors import StaffBusy, UnknownStaff
from falconbus.scheduling.assignments.exclusions import excluded_by
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus, Part


@dataclass(frozen=True, slots=True)
class Crew:
    """Who is wanted on a ride, as a body names them."""

    driver_id: int | None
    attendant_ids: Sequence[int] = ()

    @property
    def parts(self) -> dict[int, Part]:
        """What each of them does."""
        drivers = {} if self.driver_id is None else {self.driver_id: Part.DRIVER}
        return {**drivers, **dict.fromkeys(self.attendant_ids, Part.ATTENDANT)}

    @property
    def pointers(self) -> dict[int, str]:
        """Where the body names each of them."""
        attendants = {staff_id: f"/attendant_ids/{number}" for number, staff_id in enumerate(self.attendant_ids)}
        return attendants if self.driver_id is None else {self.driver_id: "/driver_id", **attendants}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ride:
    """What people are put on, and its time: a charter or a schedule."""

    starts_at: datetime
    ends_at: datetime
    appointment_id: int | None = None
    schedule_id: int | None = None


def check_distinct(crew: Crew) -> None:
    """Invalid when somebody is named twice."""
    seen = set() if crew.driver_id is None else {crew.driver_id}
    for number, staff_id in enumerate(crew.attendant_ids):
        if staff_id in seen:
            raise Invalid("the same person is named twice", pointer=f"/attendant_ids/{number}")
        seen.add(staff_id)


def offer(
    ride: Ride, parts: Mapping[int, Part], *, at: datetime, answer_by: datetime, replaces_id: int | None = None
) -> list[Assignment]:
    """Ask people whether they take their part in a ride; they may be asked for several at a time."""
    offered = [_assignment(ride, staff_id, part, AssignmentStatus.OFFERED, at) for staff_id, part in parts.items()]
    for each in offered:
        each.answer_by, each.replaces_id = answer_by, replaces_id
    db.session.add_all(offered)
    db.session.flush()
    return offered


def put_on(ride: Ride, crew: Crew, *, at: datetime) -> list[Assignment]:
    """Put people on a ride without asking them; UnknownStaff, StaffBusy."""
    accepted = [
        _assignment(ride, staff_id, part, AssignmentStatus.ACCEPTED, at) for staff_id, part in crew.parts.items()
    ]
    for each in accepted:
        each.answered_at = at
    _lock(crew.parts, crew.pointers)
    with nobody_twice(crew.pointers):
        db.session.add_all(accepted)
    return accepted


def _assignment(ride: Ride, staff_id: int, part: Part, status: AssignmentStatus, at: datetime) -> Assignment:
    return Assignment(
        appointment_id=ride.appointment_id,
        schedule_id=ride.schedule_id,
        staff_id=staff_id,
        part=part,
        status=status,
        starts_at=ride.starts_at,
        ends_at=ride.ends_at,
        offered_at=at,
    )


def accept(assignment: Assignment, *, at: datetime, replaced: Assignment | None = None) -> None:
    """Take what was offered; what it replaces ends first. AlreadyAnswered, UnknownStaff, StaffBusy."""
    _lock({assignment.staff_id: Part(assignment.part)}, {})
    with nobody_twice():
        if replaced is not None:
            replaced.hand_over(at=at)
            db.session.flush()
        assignment.accept(at=at)
        # From now on it is one's own; asked again for other times, it takes nobody else's place.
        assignment.replaces_id = None


def withdraw(assignments: Collection[Assignment], *, at: datetime) -> None:
    """Take them back, before others are put in their place."""
    for each in assignments:
        each.withdraw(at=at)
    db.session.flush()


def is_settled(live: Collection[Assignment]) -> bool:
    """Whether a ride's crew is complete: a driver has accepted, and nobody still has to answer.

    Who is asked to take over from somebody keeps nobody waiting: that one is on the ride until then.
    """
    has_driver = any(each.part == Part.DRIVER and each.status == AssignmentStatus.ACCEPTED for each in live)
    return has_driver and not any(each.status == AssignmentStatus.OFFERED and not each.replaces_id for each in live)


def _lock(parts: Mapping[int, Part], pointers: Mapping[int, str]) -> None:
    """Have others who write for these people wait; UnknownStaff when an account was closed while we waited."""
    working = queries.lock_people(parts)
    for staff_id, part in parts.items():
        if part not in working.get(staff_id, ()):
            raise UnknownStaff(pointer=pointers.get(staff_id))


def nobody_twice(pointers: Mapping[int, str] | None = None) -> AbstractContextManager[None]:
    """Write inside it; StaffBusy when the database knows somebody to be on another ride at that time.

    Lock the people first: of two who write for one person at once, each would see the other's row and wait for it.
    """
    named = pointers or {}
    return excluded_by({"ex_assignments_person"}, lambda detail: StaffBusy(pointer=named.get(_person_in(detail))))


def _person_in(detail: str) -> int:
    """Whom the violated exclusion is about: the upper half of what owner_time() makes; 0 if it is not told."""
    found = re.search(r"=\(\[(\d+),", detail)
    return int(found[1]) >> 32 if found else 0
