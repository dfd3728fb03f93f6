"""Addresses of dispatching: assign, accept, reject, hand over, begin, complete, cancel."""

from flask import Blueprint

from falconbus.network.errors import UnknownBus
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web.identity import Forbidden, caller, public, requires
from falconbus.platform.web.operations import accepts, accepts_query, returns
from falconbus.scheduling.appointments import queries
from falconbus.scheduling.appointments.errors import AppointmentNotFound, BusBusy, BusTooSmall, ImpossibleChange
from falconbus.scheduling.appointments.models import Appointment
from falconbus.scheduling.appointments.schemas import AppointmentOut
from falconbus.scheduling.assignments.errors import AlreadyAnswered, StaffBusy, UnknownStaff
from falconbus.scheduling.dispatch import answering, assigning, progress
from falconbus.scheduling.dispatch.schemas import (
    AssignedOut,
    AssignmentIn,
    ColleaguesQuery,
    HandOverIn,
    Nothing,
    ReasonIn,
)
from falconbus.scheduling.eligibility.errors import LicenceExpired, OnLeave
from falconbus.scheduling.eligibility.schemas import SuggestionOut, Suggestions, WarningOut
from falconbus.scheduling.permissions import DISPATCH, OWN_DUTIES

bp = Blueprint("dispatch", __name__, url_prefix="/api/v1/scheduling")

_CREW_REFUSALS = (UnknownStaff, StaffBusy, OnLeave, LicenceExpired)


@bp.post("/appointments/<reference>/assign")
@requires(DISPATCH)
@query_budget(20)
@accepts(AssignmentIn)
@returns(AssignedOut, 200, AppointmentNotFound, ImpossibleChange, UnknownBus, BusTooSmall, BusBusy, *_CREW_REFUSALS)
def assign(reference: str, body: AssignmentIn) -> AssignedOut:
    """Choose (anew) the crew and the bus; who is new is asked, who stays keeps their answer."""
    appointment, warnings = assigning.assign(reference, caller(), crew=body.crew(), bus_id=body.bus_id, note=body.note)
    return AssignedOut(_response(appointment), [WarningOut.of(warning) for warning in warnings])


@bp.post("/appointments/<reference>/accept")
@requires(OWN_DUTIES)
@query_budget(22)
@accepts(Nothing)
@returns(AppointmentOut, 200, AppointmentNotFound, AlreadyAnswered, ImpossibleChange, *_CREW_REFUSALS)
def accept(reference: str, body: Nothing) -> AppointmentOut:
    """Take one's part; the last to do so makes the charter accepted."""
    del body
    return _response(answering.accept(reference, caller()))


@bp.post("/appointments/<reference>/reject")
@requires(OWN_DUTIES)
@query_budget(15)
@accepts(ReasonIn)
@returns(AppointmentOut, 200, AppointmentNotFound, AlreadyAnswered, ImpossibleChange)
def reject(reference: str, body: ReasonIn) -> AppointmentOut:
    """Say no, also after a yes, until it has begun; the operator is told why."""
    return _response(answering.reject(reference, caller(), reason=body.reason))


@bp.post("/appointments/<reference>/hand-over")
@requires(OWN_DUTIES)
@query_budget(16)
@accepts(HandOverIn)
@returns(AppointmentOut, 200, AppointmentNotFound, AlreadyAnswered, ImpossibleChange, *_CREW_REFUSALS)
def hand_over(reference: str, body: HandOverIn) -> AppointmentOut:
    """Ask a colleague to take one's part, which stays one's own until they accept."""
    return _response(answering.hand_over(reference, caller(), to=body.to))


@bp.get("/appointments/<reference>/colleagues")
@requires(OWN_DUTIES)
@query_budget(2)
@accepts_query(ColleaguesQuery)
@returns(Suggestions, 200, AppointmentNotFound)
def list_colleagues(reference: str, query: ColleaguesQuery) -> Suggestions:
    """Who is free for a charter and not on it, those with most rest before it first; at most 50."""
    available = answering.available_colleagues(reference, caller(), query.role())
    return Suggestions([SuggestionOut.of(eligibility) for eligibility in available])


@bp.post("/appointments/<reference>/begin")
@requires(OWN_DUTIES)
@query_budget(10)
@accepts(Nothing)
@returns(AppointmentOut, 200, AppointmentNotFound, Forbidden, ImpossibleChange)
def begin(reference: str, body: Nothing) -> AppointmentOut:
    """It is under way, say its driver or the office; 12 hours before its start at the earliest."""
    del body
    return _response(progress.begin(reference, caller()))


@bp.post("/appointments/<reference>/complete")
@requires(OWN_DUTIES)
@query_budget(10)
@accepts(Nothing)
@returns(AppointmentOut, 200, AppointmentNotFound, Forbidden, ImpossibleChange)
def complete(reference: str, body: Nothing) -> AppointmentOut:
    """It is done, say its driver or the office."""
    del body
    return _response(progress.complete(reference, caller()))


@bp.post("/appointments/<reference>/cancel")
@public
@query_budget(13)
@accepts(ReasonIn)
@returns(AppointmentOut, 200, AppointmentNotFound, Forbidden, ImpossibleChange)
def cancel(reference: str, body: ReasonIn) -> AppointmentOut:
    """Call it off before it begins: the office any, a client their own by account or manage token."""
    return _response(progress.cancel(reference, caller(), reason=body.reason))


def _response(appointment: Appointment) -> AppointmentOut:
    return AppointmentOut.of(queries.get_record(appointment.id, caller()))
