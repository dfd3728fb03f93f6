"""Staff records over the API: licences, working hours, leave."""

from flask import Blueprint

from falconbus.platform.web.operations import operation
from falconbus.scheduling.permissions import CHANGE_STAFF
from falconbus.scheduling.staff import hours, leaves
from falconbus.scheduling.staff.record_schemas import (
    DutyOut,
    HoursOut,
    LicenceOut,
    NewLeaveIn,
    NewLeaveOut,
    NewLicence,
    Week,
    WeekOut,
)
from falconbus.scheduling.staff_records import queries, service
from falconbus.scheduling.staff_records.errors import (
    HoursOverlap,
    LastDayBeforeFirst,
    LeaveNotFound,
    LeaveTooLong,
    LicenceExists,
    LicenceNotFound,
    StaffNotFound,
)

bp = Blueprint("staff_records", __name__, url_prefix="/api/v1/scheduling")


@operation(
    bp.post("/staff/<id:staff_id>/licences"),
    who=CHANGE_STAFF,
    takes=NewLicence,
    gives={201: LicenceOut},
    refuses=(StaffNotFound, LicenceExists),
    idempotent=True,
    budget=7,
)
def add_licence(staff_id: int, body: NewLicence) -> LicenceOut:
    """Note a licence; of each kind the one that holds longest counts."""
    return LicenceOut.of(service.add_licence(staff_id, body.kind, body.number, body.expires_on))


@operation(
    bp.delete("/staff/<id:staff_id>/licences/<id:licence_id>"),
    who=CHANGE_STAFF,
    gives={204: None},
    refuses=(StaffNotFound, LicenceNotFound),
    budget=4,
)
def remove_licence(staff_id: int, licence_id: int) -> None:
    """Forget a licence."""
    service.remove_licence(staff_id, licence_id)


@operation(
    bp.put("/staff/<id:staff_id>/hours"),
    who=CHANGE_STAFF,
    takes=Week,
    gives={200: WeekOut},
    refuses=(StaffNotFound, HoursOverlap),
    budget=6,
)
def set_hours(staff_id: int, body: Week) -> WeekOut:
    """Replace somebody's working hours, the whole week at once; the answer names the accepted duties outside them."""
    outside = hours.set_hours(staff_id, [stretch.interval() for stretch in body.hours])
    return WeekOut(
        [HoursOut.of(interval) for interval in queries.hours(staff_id)], [DutyOut.of(row) for row in outside]
    )


@operation(
    bp.post("/staff/<id:staff_id>/leaves"),
    who=CHANGE_STAFF,
    takes=NewLeaveIn,
    gives={201: NewLeaveOut},
    refuses=(StaffNotFound, LastDayBeforeFirst, LeaveTooLong),
    idempotent=True,
    budget=6,
)
def add_leave(staff_id: int, body: NewLeaveIn) -> NewLeaveOut:
    """Note a leave; the answer names the accepted duties of its days, which need somebody else now."""
    return NewLeaveOut.made(leaves.add_leave(staff_id, body.first_day, body.last_day, body.kind))


@operation(
    bp.delete("/staff/<id:staff_id>/leaves/<id:leave_id>"),
    who=CHANGE_STAFF,
    gives={204: None},
    refuses=(StaffNotFound, LeaveNotFound),
    budget=4,
)
def remove_leave(staff_id: int, leave_id: int) -> None:
    """Take a leave back."""
    service.remove_leave(staff_id, leave_id)
