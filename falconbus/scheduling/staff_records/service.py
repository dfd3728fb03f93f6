"""Use cases of staff records: phone, licences, working hours, leave."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from falconbus.accounts import audit
from falconbus.platform.database.engine import db
from falconbus.scheduling.staff_records import policy, queries
from falconbus.scheduling.staff_records.errors import (
    HoursOverlap,
    LastDayBeforeFirst,
    LeaveNotFound,
    LeaveTooLong,
    LicenceExists,
    LicenceNotFound,
)
from falconbus.scheduling.staff_records.models import Leave, Licence, StaffProfile, WorkingHours
from falconbus.scheduling.staff_records.policy import WorkingInterval

LONGEST_LEAVE_DAYS = 400


def set_phone(staff_id: int, phone: str | None) -> None:
    """Set somebody's phone number; None deletes it."""
    profile = db.session.get(StaffProfile, staff_id)
    if profile is None:
        profile = StaffProfile(staff_id=staff_id)
        db.session.add(profile)
    if profile.phone != phone:
        profile.phone = phone
        # The number itself is personal data, and stays out of the audit log.
        audit.record("change", "staff_profiles", staff_id, phone="given" if phone else "removed")
    db.session.flush()


def add_licence(staff_id: int, kind: str, number: str, expires_on: date) -> Licence:
    """Add a licence, or a renewal under another number; StaffNotFound, LicenceExists."""
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
    """Delete a licence; StaffNotFound, LicenceNotFound."""
    person = queries.lock_person(staff_id)
    licence = db.session.get(Licence, licence_id)
    if licence is None or licence.staff_id != person.id:
        raise LicenceNotFound
    audit.record("delete", "licences", licence.id, staff_id=staff_id, kind=licence.kind)
    db.session.delete(licence)
    db.session.flush()


def set_hours(staff_id: int, week: Sequence[WorkingInterval]) -> None:
    """Replace somebody's weekly working hours; none means available at any time. StaffNotFound, HoursOverlap."""
    if policy.overlaps(week):
        raise HoursOverlap(pointer="/hours")
    person = queries.lock_person(staff_id)
    db.session.execute(delete(WorkingHours).where(WorkingHours.staff_id == person.id))
    rows = [
        {
            "staff_id": person.id,
            "weekday": interval.weekday,
            "begins_minute": interval.begins,
            "ends_minute": interval.ends,
        }
        for interval in week
    ]
    if rows:
        db.session.execute(insert(WorkingHours), rows)
    intervals = [[interval.weekday, interval.begins, interval.ends] for interval in week]
    audit.record("set hours", "working_hours", person.id, hours=intervals)
    db.session.flush()


def add_leave(staff_id: int, first_day: date, last_day: date, kind: str) -> Leave:
    """Add a leave, both days included; StaffNotFound, LastDayBeforeFirst, LeaveTooLong."""
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
    return leave


def remove_leave(staff_id: int, leave_id: int) -> None:
    """Delete a leave; StaffNotFound, LeaveNotFound."""
    person = queries.lock_person(staff_id)
    leave = db.session.get(Leave, leave_id)
    if leave is None or leave.staff_id != person.id:
        raise LeaveNotFound
    audit.record("delete", "leaves", leave.id, staff_id=staff_id)
    db.session.delete(leave)
    db.session.flush()
