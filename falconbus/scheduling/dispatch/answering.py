"""What people answer who are asked for a charter: yes, no, or that a colleague takes it."""

from collections.abc import Sequence

from falconbus.platform.kit import clock
from falconbus.platform.kit.errors import Invalid
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.appointments import access, history
from falconbus.scheduling.appointments import queries as appointment_queries
from falconbus.scheduling.appointments.errors import ImpossibleChange
from falconbus.scheduling.appointments.models import OPEN, Action, Appointment, AppointmentStatus
from falconbus.scheduling.assignments import queries as crew_queries
from falconbus.scheduling.assignments import service as crews
from falconbus.scheduling.assignments.errors import AlreadyAnswered, StaffBusy
from falconbus.scheduling.assignments.models import LIVE, Assignment, AssignmentStatus, Part
from falconbus.scheduling.dispatch import notices, offering, queries
from falconbus.scheduling.eligibility import assessing
from falconbus.scheduling.eligibility import service as eligibility
from falconbus.scheduling.eligibility.assessing import Standing
from falconbus.scheduling.notifications.models import Kind


def accept(reference: str, identity: Identity) -> Appointment:
    """Take one's part in a charter; the last to do so makes it accepted. Who hands it over is off it by that.

    AppointmentNotFound, AlreadyAnswered, ImpossibleChange, UnknownStaff, StaffBusy, OnLeave, LicenceExpired.
    """
    now = clock.now()
    appointment = access.lock_visible(reference, identity)
    crew = crew_queries.on_charter(appointment.id)
    mine = _own(crew, identity)
    replaced = None
    if mine.status == AssignmentStatus.OFFERED:
        if appointment.ends_at <= now:
            raise ImpossibleChange("the charter is over")
        eligibility.check_standing({mine.staff_id: Part(mine.part)}, offering.ride_of(appointment))
        replaced = next((each for each in crew if each.id == mine.replaces_id), None)
    crews.accept(mine, at=now, replaced=replaced)
    settles = appointment.status == AppointmentStatus.ASSIGNED and crews.is_settled(_live(crew))
    if settles:
        appointment.accept()
    if replaced is not None:
        _announce_takeover(appointment, mine, replaced)
    if settles or replaced is None:
        history.record(appointment, Action.ACCEPTED, by_id=mine.staff_id)
    if settles:
        dispatchers = queries.dispatchers(appointment)
        notices.tell(dispatchers, Kind.ACCEPTED, appointment, "all of its crew have accepted")
    return appointment


def reject(reference: str, identity: Identity, *, reason: str) -> Appointment:
    """Say no, before or after a yes, until it has begun; the operator has to find somebody else.

    Who was asked by a colleague to take over leaves it with them.
    AppointmentNotFound, AlreadyAnswered, ImpossibleChange.
    """
    now = clock.now()
    appointment = access.lock_visible(reference, identity)
    crew = crew_queries.on_charter(appointment.id)
    mine = _own(crew, identity)
    was_asked_by = mine.replaces_id if mine.status == AssignmentStatus.OFFERED else None
    mine.reject(reason, at=now)
    name = notices.names([mine.staff_id])[mine.staff_id]
    if was_asked_by is not None:
        told = [each.staff_id for each in crew if each.id == was_asked_by]
        happened = f"{name} does not take over from you"
    else:
        _take_back_offers(appointment, crew, mine)
        appointment.reject(by_id=mine.staff_id, reason=reason)
        told = queries.dispatchers(appointment)
        happened = f"{name} has rejected it"
    history.record(appointment, Action.REJECTED, by_id=mine.staff_id, note=reason)
    notices.tell(told, Kind.REJECTED, appointment, happened, f"Reason: {reason}", assignment_id=mine.id)
    return appointment


def hand_over(reference: str, identity: Identity, *, to: int) -> Appointment:
    """Ask a colleague to take one's part; it stays one's own until they accept.

    Who asks another one takes the first question back.
    AppointmentNotFound, AlreadyAnswered, ImpossibleChange, Invalid, UnknownStaff, StaffBusy, OnLeave, LicenceExpired.
    """
    now = clock.now()
    appointment = access.lock_visible(reference, identity)
    crew = crew_queries.on_charter(appointment.id)
    mine = _own(crew, identity)
    _check_can_hand_over(appointment, mine, to)
    offering.check_ahead(appointment, now)
    parts = {to: Part(mine.part)}
    eligibility.check_standing(parts, offering.ride_of(appointment), {to: "/to"})
    if any(each.staff_id == to and each.replaces_id != mine.id for each in _live(crew)):
        raise StaffBusy("they are on this charter already, or asked to be", pointer="/to")
    _take_back_offers(appointment, crew, mine)
    offered = offering.offer(appointment, parts, at=now, replaces_id=mine.id)
    names = notices.names([mine.staff_id, to])
    history.record(appointment, Action.OFFERED_ON, by_id=mine.staff_id, note=f"{names[mine.staff_id]} to {names[to]}")
    notices.offers(appointment, offered, f"{names[mine.staff_id]} asks you to take over.")
    return appointment


def colleagues(reference: str, identity: Identity, part: Part) -> list[Standing]:
    """Find who could take a part in a charter and has none in it, those with most rest first; AppointmentNotFound."""
    record = appointment_queries.get_visible(reference, identity)
    on_it = {who.id for who in record.crew if who.id is not None}
    return assessing.free(part, record.starts_at, record.ends_at, besides=record.id, without=on_it)


def _own(crew: Sequence[Assignment], identity: Identity) -> Assignment:
    """The caller's part in a charter: the one to answer for, else their last; AlreadyAnswered if they never had one."""
    own = [each for each in crew if each.staff_id == identity.user_id]
    if not own:
        raise AlreadyAnswered("you are not asked for this charter")
    return next((each for each in own if each.status in LIVE), own[-1])


def _live(crew: Sequence[Assignment]) -> list[Assignment]:
    return [each for each in crew if each.status in LIVE]


def _check_can_hand_over(appointment: Appointment, mine: Assignment, to: int) -> None:
    if to == mine.staff_id:
        raise Invalid("a ride is handed over to somebody else", pointer="/to")
    if mine.status not in LIVE:
        raise AlreadyAnswered("you are not on this charter (any more)")
    if appointment.status not in OPEN:
        raise ImpossibleChange(f"the charter is {appointment.status.replace('_', ' ')}")
    if mine.status == AssignmentStatus.OFFERED and mine.replaces_id is not None:
        raise ImpossibleChange("it is not yours to hand over until you have accepted it")


def _take_back_offers(appointment: Appointment, crew: Sequence[Assignment], mine: Assignment) -> None:
    """Whom I had asked to take over need not answer any more."""
    asked = [each for each in _live(crew) if each.replaces_id == mine.id]
    crews.withdraw(asked, at=clock.now())
    told = {each.staff_id for each in asked}
    notices.tell(told, Kind.WITHDRAWN, appointment, "you are no longer asked for it")


def _announce_takeover(appointment: Appointment, mine: Assignment, replaced: Assignment) -> None:
    names = notices.names([mine.staff_id, replaced.staff_id])
    happened = f"{names[mine.staff_id]} has taken over from {names[replaced.staff_id]}"
    history.record(appointment, Action.HANDED_OVER, by_id=mine.staff_id, note=happened)
    told = {mine.staff_id, replaced.staff_id, *queries.dispatchers(appointment)}
    notices.tell(told, Kind.HANDED_OVER, appointment, happened, assignment_id=mine.id)
