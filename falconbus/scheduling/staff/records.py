"""Use cases of what is kept of a member of the staff: licences, working hours, leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import current_app
from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from falconbus.accounts import audit
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.kit import clock
from falconbus.scheduling.eligibility import policy
from falconbus.scheduling.eligibility.policy import Stretch
from falconbus.scheduling.staff import queries
from falconbus.scheduling.staff.errors import (
    HoursOverlap,
    LastDayBeforeFirst,
    LeaveNotFound,
    LeaveTooLong,
    LicenceExists,
    LicenceNotFound,
)
from falconbus.scheduling.staff.models import Leave, Licence, WorkingHours

LONGEST_LEAVE_DAYS = 400


@dataclass(frozen=True, slots=True)
class NewLeave:
    """A leave, and the accepted duties of its days that need somebody else now."""

    leave: Leave
    duties: Sequence[AnyRow]


def add_licence(staff_id: int, kind: str, number: str, expires_on: date) -> Licence:
    """Note a licence, or a renewal under another number; StaffNotFound, LicenceExists."""
    person = queries.lock_person(staff_id)
    licence = Licence(staff_id=person.id, kind=kind, number=number, expires_on=expires_on)
    try:
        with db.session.begin_nested():
            db.session.add(licence)
    except IntegrityError:
        raise LicenceExists(pointer="/number") from None
    audit.record("create", "licences", licence.id, staff_id=staff_id, kind=kind, expires_on=expires_on)
    db.session.flush()
    return licence


def remove_licence(staff_id: int, licence_id: int) -> None:
    """Forget a licence; StaffNotFound, LicenceNotFound."""
    person = queries.lock_person(staff_id)
    licence = db.session.get(Licence, licence_id)
    if licence is None or licence.staff_id != person.id:
        raise LicenceNotFound
    audit.record("delete", "licences", licence.id, staff_id=staff_id, kind=licence.kind)
    db.session.delete(licence)
    db.session.flush()


def set_hours(staff_id: int, week: Sequence[Stretch]) -> None:
    """Replace somebody's week; without a stretch they are asked at any time. StaffNotFound, HoursOverlap."""
    if policy.overlaps(week):
        raise HoursOverlap(pointer="/hours")
    person = queries.lock_person(staff_id)
    db.session.execute(delete(WorkingHours).where(WorkingHours.staff_id == person.id))
    rows = [
        {"staff_id": person.id, "weekday": each.weekday, "begins_minute": each.begins, "ends_minute": each.ends}
        for each in week
    ]
    if rows:
        db.session.execute(insert(WorkingHours), rows)
    stretches = [[each.weekday, each.begins, each.ends] for each in week]
    audit.record("set hours", "working_hours", person.id, hours=stretches)
    db.session.flush()


def add_leave(staff_id: int, first_day: date, last_day: date, kind: str) -> NewLeave:
    """Note a leave, both days included. People fall ill: duties do not refuse it, whoever dispatches is told of them.

    StaffNotFound, LastDayBeforeFirst, LeaveTooLong.
    """
    if last_day < first_day:
        raise LastDayBeforeFirst(pointer="/last_day")
    if (last_day - first_day).days >= LONGEST_LEAVE_DAYS:
        raise LeaveTooLong(pointer="/last_day")
    person = queries.lock_person(staff_id)
    leave = Leave(staff_id=person.id, first_day=first_day, last_day=last_day, kind=kind)
    db.session.add(leave)
    db.session.flush()
    audit.record("create", "leaves", leave.id, staff_id=staff_id, first_day=first_day, last_day=last_day)
    db.session.flush()
    zone = current_app.config["SETTINGS"].time_zone
    begins, ends = clock.day_bounds(first_day, zone)[0], clock.day_bounds(last_day, zone)[1]
    return NewLeave(leave, queries.duties(person.id, max(begins, clock.now()), ends))


def remove_leave(staff_id: int, leave_id: int) -> None:
    """Take a leave back; StaffNotFound, LeaveNotFound."""
    person = queries.lock_person(staff_id)
    leave = db.session.get(Leave, leave_id)
    if leave is None or leave.staff_id != person.id:
        raise LeaveNotFound
    audit.record("delete", "leaves", leave.id, staff_id=staff_id)
    db.session.delete(leave)
    db.session.flush()
