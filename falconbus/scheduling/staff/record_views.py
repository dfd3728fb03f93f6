"""Staff records over the API: licences, working hours, leave."""

from flask import Blueprint

from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web.idempotency import idempotent
from falconbus.platform.web.identity import requires
from falconbus.platform.web.operations import accepts, returns
from falconbus.scheduling.permissions import CHANGE_STAFF
from falconbus.scheduling.staff import leaves
from falconbus.scheduling.staff.record_schemas import (
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


@bp.post("/staff/<id:staff_id>/licences")
@requires(CHANGE_STAFF)
@query_budget(7)
@accepts(NewLicence)
@idempotent
@returns(LicenceOut, 201, StaffNotFound, LicenceExists)
def add_licence(staff_id: int, body: NewLicence) -> LicenceOut:
    """Note a licence; of each kind the one that holds longest counts."""
    return LicenceOut.of(service.add_licence(staff_id, body.kind, body.number, body.expires_on))


@bp.delete("/staff/<id:staff_id>/licences/<id:licence_id>")
@requires(CHANGE_STAFF)
@query_budget(4)
@returns(None, 204, StaffNotFound, LicenceNotFound)
def remove_licence(staff_id: int, licence_id: int) -> None:
    """Forget a licence."""
    service.remove_licence(staff_id, licence_id)


@bp.put("/staff/<id:staff_id>/hours")
@requires(CHANGE_STAFF)
@query_budget(5)
@accepts(Week)
@returns(WeekOut, 200, StaffNotFound, HoursOverlap)
def set_hours(staff_id: int, body: Week) -> WeekOut:
    """Replace somebody's working hours, the whole week at once."""
    service.set_hours(staff_id, [hours.interval() for hours in body.hours])
    return WeekOut([HoursOut.of(interval) for interval in queries.hours(staff_id)])


@bp.post("/staff/<id:staff_id>/leaves")
@requires(CHANGE_STAFF)
@query_budget(6)
@accepts(NewLeaveIn)
@idempotent
@returns(NewLeaveOut, 201, StaffNotFound, LastDayBeforeFirst, LeaveTooLong)
def add_leave(staff_id: int, body: NewLeaveIn) -> NewLeaveOut:
    """Note a leave; the answer names the accepted duties of its days, which need somebody else now."""
    return NewLeaveOut.made(leaves.add_leave(staff_id, body.first_day, body.last_day, body.kind))


@bp.delete("/staff/<id:staff_id>/leaves/<id:leave_id>")
@requires(CHANGE_STAFF)
@query_budget(4)
@returns(None, 204, StaffNotFound, LeaveNotFound)
def remove_leave(staff_id: int, leave_id: int) -> None:
    """Take a leave back."""
    service.remove_leave(staff_id, leave_id)
