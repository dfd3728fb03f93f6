"""Assigning staff to rides (charters and line schedules); nobody is on two at a time.

Callers hold the lock of the charter or the schedule; staff are locked after it, in the order of their keys.
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
from falconbus.scheduling.assignments.exclusions import raise_on_exclusion
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus, CrewRole


@dataclass(frozen=True, slots=True)
class Crew:
    """The crew wanted for a ride, as a request body names it."""

    driver_id: int | None
    attendant_ids: Sequence[int] = ()

    @property
    def roles(self) -> dict[int, CrewRole]:
        """Return the role of each member by key."""
        drivers = {} if self.driver_id is None else {self.driver_id: CrewRole.DRIVER}
        return {**drivers, **dict.fromkeys(self.attendant_ids, CrewRole.ATTENDANT)}

    @property
    def pointers(self) -> dict[int, str]:
        """Return the JSON pointer to each member in the request body."""
        attendants = {staff_id: f"/attendant_ids/{number}" for number, staff_id in enumerate(self.attendant_ids)}
        return attendants if self.driver_id is None else {self.driver_id: "/driver_id", **attendants}


@dataclass(frozen=True, slots=True)
class Places:
    """The stops where a ride begins and ends; None for a place that is no stop, or is not known."""

    origin_stop_id: int | None = None
    destination_stop_id: int | None = None


UNKNOWN_PLACES = Places()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ride:
    """A charter or a line schedule to assign staff to, its time and its places."""

    starts_at: datetime
    ends_at: datetime
    appointment_id: int | None = None
    schedule_id: int | None = None
    places: Places = UNKNOWN_PLACES


def check_distinct(crew: Crew) -> None:
    """Raise Invalid when somebody is named twice."""
    seen = set() if crew.driver_id is None else {crew.driver_id}
    for number, staff_id in enumerate(crew.attendant_ids):
        if staff_id in seen:
            raise Invalid("the same person is named twice", pointer=f"/attendant_ids/{number}")
        seen.add(staff_id)


def offer(
    ride: Ride, roles: Mapping[int, CrewRole], *, at: datetime, answer_by: datetime, replaces_id: int | None = None
) -> list[Assignment]:
    """Offer a ride to staff in these roles; somebody may have offers of overlapping rides."""
    offered = [_assignment(ride, staff_id, role, AssignmentStatus.OFFERED, at) for staff_id, role in roles.items()]
    for assignment in offered:
        assignment.answer_by, assignment.replaces_id = answer_by, replaces_id
    db.session.add_all(offered)
    db.session.flush()
    return offered


def assign(ride: Ride, crew: Crew, *, at: datetime) -> list[Assignment]:
    """Assign a crew to a ride without asking; UnknownStaff, StaffBusy."""
    accepted = [
        _assignment(ride, staff_id, role, AssignmentStatus.ACCEPTED, at) for staff_id, role in crew.roles.items()
    ]
    for assignment in accepted:
        assignment.answered_at = at
    _lock(crew.roles, crew.pointers)
    with no_double_booking(crew.pointers):
        db.session.add_all(accepted)
    return accepted


def _assignment(ride: Ride, staff_id: int, role: CrewRole, status: AssignmentStatus, at: datetime) -> Assignment:
    return Assignment(
        appointment_id=ride.appointment_id,
        schedule_id=ride.schedule_id,
        staff_id=staff_id,
        part=role,
        status=status,
        starts_at=ride.starts_at,
        ends_at=ride.ends_at,
        origin_stop_id=ride.places.origin_stop_id,
        destination_stop_id=ride.places.destination_stop_id,
        offered_at=at,
    )


def accept(assignment: Assignment, *, at: datetime, replaced: Assignment | None = None) -> None:
    """Accept an offer; the assignment that it replaces ends first. AlreadyAnswered, UnknownStaff, StaffBusy."""
    _lock({assignment.staff_id: CrewRole(assignment.part)}, {})
    with no_double_booking():
        if replaced is not None:
            replaced.hand_over(at=at)
            db.session.flush()
        assignment.accept(at=at)
        # Offered again later, for other times, it replaces nobody.
        assignment.replaces_id = None


def withdraw(assignments: Collection[Assignment], *, at: datetime) -> None:
    """Withdraw assignments, and flush before others take their place."""
    for assignment in assignments:
        assignment.withdraw(at=at)
    db.session.flush()


def is_crew_confirmed(live: Collection[Assignment]) -> bool:
    """Return whether a ride's crew is confirmed: a driver has accepted, and no offer is open.

    Offers to take over from a colleague do not count: the colleague is on the ride until they are accepted.
    """
    has_driver = any(each.part == CrewRole.DRIVER and each.status == AssignmentStatus.ACCEPTED for each in live)
    return has_driver and not any(each.status == AssignmentStatus.OFFERED and not each.replaces_id for each in live)


def _lock(roles: Mapping[int, CrewRole], pointers: Mapping[int, str]) -> None:
    """Lock staff before writing for them; UnknownStaff when an account has lost its role or was closed meanwhile."""
    roles_by_id = queries.lock_staff(roles)
    for staff_id, role in roles.items():
        if role not in roles_by_id.get(staff_id, ()):
            raise UnknownStaff(pointer=pointers.get(staff_id))


def no_double_booking(pointers: Mapping[int, str] | None = None) -> AbstractContextManager[None]:
    """Return a context to write assignments in, which raises StaffBusy when a person has an overlapping one.

    Lock the staff first: two transactions that write for one person at once would wait for each other's rows.
    """
    pointer_by_id = pointers or {}
    return raise_on_exclusion(
        {"ex_assignments_person"}, lambda detail: StaffBusy(pointer=pointer_by_id.get(_staff_id_in(detail)))
    )


def _staff_id_in(detail: str) -> int:
    """Return the key in a violated exclusion's detail, the upper 32 bits of owner_time(); 0 if there is none."""
    lower_bound = re.search(r"=\(\[(\d+),", detail)
    return int(lower_bound[1]) >> 32 if lower_bound else 0
