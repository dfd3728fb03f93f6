"""Answers to offers of a charter: accept, reject, hand over to a colleague."""

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
from falconbus.scheduling.assignments.models import LIVE, Assignment, AssignmentStatus, CrewRole
from falconbus.scheduling.dispatch import notices, offering, queries
from falconbus.scheduling.eligibility import assessing
from falconbus.scheduling.eligibility import service as eligibility
from falconbus.scheduling.eligibility.assessing import Eligibility
from falconbus.scheduling.notifications.models import NotificationKind


def accept(reference: str, identity: Identity) -> Appointment:
    """Accept the caller's offer of a charter; with the last of its crew the charter becomes accepted.

    Accepting a hand-over ends the colleague's assignment.

    AppointmentNotFound, AlreadyAnswered, ImpossibleChange, UnknownStaff, StaffBusy, OnLeave, LicenceExpired, TooFar.
    """
    now = clock.now()
    appointment = access.lock_visible(reference, identity)
    crew = crew_queries.charter_assignments(appointment.id)
    own = _own(crew, identity)
    replaced = None
    if own.status == AssignmentStatus.OFFERED:
        if appointment.ends_at <= now:
            raise ImpossibleChange("the charter is over")
        eligibility.check_eligibility({own.staff_id: CrewRole(own.part)}, offering.ride_of(appointment))
        replaced = next((each for each in crew if each.id == own.replaces_id), None)
    crews.accept(own, at=now, replaced=replaced)
    confirms_crew = appointment.status == AppointmentStatus.ASSIGNED and crews.is_crew_confirmed(_live(crew))
    if confirms_crew:
        appointment.accept()
    if replaced is not None:
        _announce_takeover(appointment, own, replaced)
    if confirms_crew or replaced is None:
        history.record(appointment, Action.ACCEPTED, by_id=own.staff_id)
    if confirms_crew:
        dispatchers = queries.dispatchers(appointment)
        notices.send(dispatchers, NotificationKind.ACCEPTED, appointment, "all of its crew have accepted")
    return appointment


def reject(reference: str, identity: Identity, *, reason: str) -> Appointment:
    """Reject the caller's assignment, offered or accepted, until the charter's start; its operator is notified.

    Rejecting a hand-over leaves the assignment with the colleague.
    AppointmentNotFound, AlreadyAnswered, ImpossibleChange.
    """
    appointment = access.lock_visible(reference, identity)
    crew = crew_queries.charter_assignments(appointment.id)
    own = _own(crew, identity)
    _reject(appointment, crew, own, reason)
    return appointment


def hand_back(appointment: Appointment, staff_id: int, reason: str) -> None:
    """Reject what somebody has of a locked charter in their place: they can answer for themselves no more."""
    crew = crew_queries.charter_assignments(appointment.id)
    for own in [each for each in _live(crew) if each.staff_id == staff_id]:
        _reject(appointment, crew, own, reason)


def _reject(appointment: Appointment, crew: Sequence[Assignment], own: Assignment, reason: str) -> None:
    now = clock.now()
    replaced_id = own.replaces_id if own.status == AssignmentStatus.OFFERED else None
    own.reject(reason, at=now)
    name = notices.names([own.staff_id])[own.staff_id]
    if replaced_id is not None:
        appointment.check_ahead(now)
        recipients = [each.staff_id for each in crew if each.id == replaced_id]
        event = f"{name} does not take over from you"
    else:
        _withdraw_hand_over_offers(appointment, crew, own)
        appointment.reject(by_id=own.staff_id, reason=reason, at=now)
        recipients = queries.dispatchers(appointment)
        event = f"{name} has rejected it"
    history.record(appointment, Action.REJECTED, by_id=own.staff_id, note=reason)
    notices.send(recipients, NotificationKind.REJECTED, appointment, event, f"Reason: {reason}", assignment_id=own.id)


def hand_over(reference: str, identity: Identity, *, to: int) -> Appointment:
    """Offer the caller's assignment to a colleague; it stays the caller's until they accept.

    An earlier open offer to another colleague is withdrawn.
    AppointmentNotFound, AlreadyAnswered, ImpossibleChange, Invalid, UnknownStaff, StaffBusy, OnLeave, LicenceExpired,
    TooFar.
    """
    now = clock.now()
    appointment = access.lock_visible(reference, identity)
    crew = crew_queries.charter_assignments(appointment.id)
    own = _own(crew, identity)
    _check_can_hand_over(appointment, own, to)
    appointment.check_ahead(now)
    roles = {to: CrewRole(own.part)}
    eligibility.check_eligibility(roles, offering.ride_of(appointment), {to: "/to"})
    if any(each.staff_id == to and each.replaces_id != own.id for each in _live(crew)):
        raise StaffBusy("they are on this charter already, or asked to be", pointer="/to")
    _withdraw_hand_over_offers(appointment, crew, own)
    offered = offering.offer(appointment, roles, at=now, replaces_id=own.id)
    names = notices.names([own.staff_id, to])
    history.record(appointment, Action.OFFERED_ON, by_id=own.staff_id, note=f"{names[own.staff_id]} to {names[to]}")
    notices.send_offers(appointment, offered, f"{names[own.staff_id]} asks you to take over.")
    return appointment


def available_colleagues(reference: str, identity: Identity, role: CrewRole) -> list[Eligibility]:
    """Return who could take over a role in a charter, those with most rest first; AppointmentNotFound."""
    record = appointment_queries.get_visible(reference, identity)
    crew_ids = {member.id for member in record.crew if member.id is not None}
    return assessing.available_staff(
        role,
        record.starts_at,
        record.ends_at,
        ignored_appointment_id=record.id,
        places=appointment_queries.get_places(record.id),
        excluded_staff_ids=crew_ids,
    )


def _own(crew: Sequence[Assignment], identity: Identity) -> Assignment:
    """Return the caller's live assignment to a charter, else their last; AlreadyAnswered if they never had one."""
    assignments = [each for each in crew if each.staff_id == identity.user_id]
    if not assignments:
        raise AlreadyAnswered("you are not asked for this charter")
    return next((each for each in assignments if each.status in LIVE), assignments[-1])


def _live(crew: Sequence[Assignment]) -> list[Assignment]:
    return [each for each in crew if each.status in LIVE]


def _check_can_hand_over(appointment: Appointment, own: Assignment, to: int) -> None:
    if to == own.staff_id:
        raise Invalid("a ride is handed over to somebody else", pointer="/to")
    if own.status not in LIVE:
        raise AlreadyAnswered("you are not on this charter (any more)")
    if appointment.status not in OPEN:
        raise ImpossibleChange(f"the charter is {appointment.status.replace('_', ' ')}")
    if own.status == AssignmentStatus.OFFERED and own.replaces_id is not None:
        raise ImpossibleChange("it is not yours to hand over until you have accepted it")


def _withdraw_hand_over_offers(appointment: Appointment, crew: Sequence[Assignment], own: Assignment) -> None:
    """Withdraw the open offers to take over this assignment, and notify those who have them."""
    offers = [each for each in _live(crew) if each.replaces_id == own.id]
    crews.withdraw(offers, at=clock.now())
    recipients = {each.staff_id for each in offers}
    notices.send(recipients, NotificationKind.WITHDRAWN, appointment, "you are no longer asked for it")


def _announce_takeover(appointment: Appointment, own: Assignment, replaced: Assignment) -> None:
    names = notices.names([own.staff_id, replaced.staff_id])
    event = f"{names[own.staff_id]} has taken over from {names[replaced.staff_id]}"
    history.record(appointment, Action.HANDED_OVER, by_id=own.staff_id, note=event)
    recipients = {own.staff_id, replaced.staff_id, *queries.dispatchers(appointment)}
    notices.send(recipients, NotificationKind.HANDED_OVER, appointment, event, assignment_id=own.id)
