"""Addresses of dispatching: assign, accept, reject, hand over, begin, complete, cancel."""

from flask import Blueprint

from falconbus.network.errors import UnknownBus
from falconbus.platform.web.declarations import PUBLIC
from falconbus.platform.web.identity import Forbidden, caller
from falconbus.platform.web.operations import operation
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
from falconbus.scheduling.eligibility.errors import LicenceExpired, OnLeave, TooFar
from falconbus.scheduling.eligibility.schemas import SuggestionOut, Suggestions, WarningOut
from falconbus.scheduling.permissions import DISPATCH, OWN_DUTIES
from falconbus.timetable.errors import BusTooFar

bp = Blueprint("dispatch", __name__, url_prefix="/api/v1/scheduling")

_CREW_REFUSALS = (UnknownStaff, StaffBusy, OnLeave, LicenceExpired, TooFar)


@operation(
    bp.post("/appointments/<reference>/assign"),
    who=DISPATCH,
    takes=AssignmentIn,
    gives={200: AssignedOut},
    refuses=(AppointmentNotFound, ImpossibleChange, UnknownBus, BusTooSmall, BusTooFar, BusBusy, *_CREW_REFUSALS),
    budget=22,
)
def assign(reference: str, body: AssignmentIn) -> AssignedOut:
    """Choose (anew) the crew and the bus; who is new is asked, who stays keeps their answer."""
    appointment, warnings = assigning.assign(reference, caller(), crew=body.crew(), bus_id=body.bus_id, note=body.note)
    return AssignedOut(_response(appointment), [WarningOut.of(warning) for warning in warnings])


@operation(
    bp.post("/appointments/<reference>/accept"),
    who=OWN_DUTIES,
    takes=Nothing,
    gives={200: AppointmentOut},
    refuses=(AppointmentNotFound, AlreadyAnswered, ImpossibleChange, *_CREW_REFUSALS),
    budget=22,
)
def accept(reference: str, body: Nothing) -> AppointmentOut:
    """Take one's part; the last to do so makes the charter accepted."""
    del body
    return _response(answering.accept(reference, caller()))


@operation(
    bp.post("/appointments/<reference>/reject"),
    who=OWN_DUTIES,
    takes=ReasonIn,
    gives={200: AppointmentOut},
    refuses=(AppointmentNotFound, AlreadyAnswered, ImpossibleChange),
    budget=15,
)
def reject(reference: str, body: ReasonIn) -> AppointmentOut:
    """Say no, also after a yes, until its start; the operator is told why."""
    return _response(answering.reject(reference, caller(), reason=body.reason))


@operation(
    bp.post("/appointments/<reference>/hand-over"),
    who=OWN_DUTIES,
    takes=HandOverIn,
    gives={200: AppointmentOut},
    refuses=(AppointmentNotFound, AlreadyAnswered, ImpossibleChange, *_CREW_REFUSALS),
    budget=16,
)
def hand_over(reference: str, body: HandOverIn) -> AppointmentOut:
    """Ask a colleague to take one's part, which stays one's own until they accept."""
    return _response(answering.hand_over(reference, caller(), to=body.to))


@operation(
    bp.get("/appointments/<reference>/colleagues"),
    who=OWN_DUTIES,
    asks=ColleaguesQuery,
    gives={200: Suggestions},
    refuses=(AppointmentNotFound,),
    budget=3,
)
def list_colleagues(reference: str, query: ColleaguesQuery) -> Suggestions:
    """Who is free for a charter and not on it, those with most rest before it first; at most 50."""
    available = answering.available_colleagues(reference, caller(), query.role())
    return Suggestions([SuggestionOut.of(eligibility) for eligibility in available])


@operation(
    bp.post("/appointments/<reference>/begin"),
    who=OWN_DUTIES,
    takes=Nothing,
    gives={200: AppointmentOut},
    refuses=(AppointmentNotFound, Forbidden, ImpossibleChange),
    budget=10,
)
def begin(reference: str, body: Nothing) -> AppointmentOut:
    """It is under way, say its driver or the office; 12 hours before its start at the earliest."""
    del body
    return _response(progress.begin(reference, caller()))


@operation(
    bp.post("/appointments/<reference>/complete"),
    who=OWN_DUTIES,
    takes=Nothing,
    gives={200: AppointmentOut},
    refuses=(AppointmentNotFound, Forbidden, ImpossibleChange),
    budget=10,
)
def complete(reference: str, body: Nothing) -> AppointmentOut:
    """It is done, say its driver or the office; once its time is over, also where nobody said that it began."""
    del body
    return _response(progress.complete(reference, caller()))


@operation(
    bp.post("/appointments/<reference>/cancel"),
    who=PUBLIC,
    takes=ReasonIn,
    gives={200: AppointmentOut},
    refuses=(AppointmentNotFound, Forbidden, ImpossibleChange),
    budget=13,
)
def cancel(reference: str, body: ReasonIn) -> AppointmentOut:
    """Call it off before its start: the office any, a client their own by account or manage token."""
    return _response(progress.cancel(reference, caller(), reason=body.reason))


def _response(appointment: Appointment) -> AppointmentOut:
    return AppointmentOut.of(queries.get_record(appointment.id, caller()))
