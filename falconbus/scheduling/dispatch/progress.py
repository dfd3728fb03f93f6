"""Progress of a charter: begin, complete, cancel."""

from datetime import timedelta

from falconbus.platform.kit import clock
from falconbus.platform.web.identity import Forbidden, Identity
from falconbus.scheduling.appointments import access, history
from falconbus.scheduling.appointments.errors import ImpossibleChange
from falconbus.scheduling.appointments.models import Action, Appointment
from falconbus.scheduling.assignments import queries as crew_queries
from falconbus.scheduling.assignments import service as crews
from falconbus.scheduling.assignments.models import LIVE, Assignment, AssignmentStatus, CrewRole
from falconbus.scheduling.dispatch import notices, queries
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.permissions import DISPATCH, MANAGED_CHARTER

#: How long before its start a charter may begin: a coach sets out the day before at the earliest.
EARLIEST = timedelta(hours=12)


def begin(reference: str, identity: Identity) -> Appointment:
    """Begin a charter, and withdraw its open offers; AppointmentNotFound, Forbidden, ImpossibleChange."""
    now = clock.now()
    appointment = access.lock_visible(reference, identity)
    live = _live(appointment)
    _check_may_report(live, identity)
    if appointment.starts_at - now > EARLIEST:
        raise ImpossibleChange(f"it starts in more than {EARLIEST // timedelta(hours=1)} hours")
    appointment.begin()
    offers = [each for each in live if each.status == AssignmentStatus.OFFERED]
    crews.withdraw(offers, at=now)
    history.record(appointment, Action.BEGUN, by_id=identity.user_id)
    recipients = {each.staff_id for each in offers}
    notices.send(recipients, NotificationKind.WITHDRAWN, appointment, "it has begun; you are no longer asked for it")
    return appointment


def complete(reference: str, identity: Identity) -> Appointment:
    """Complete a charter, and withdraw its open offers; AppointmentNotFound, Forbidden, ImpossibleChange."""
    now = clock.now()
    appointment = access.lock_visible(reference, identity)
    live = _live(appointment)
    _check_may_report(live, identity)
    appointment.complete(at=now)
    crews.withdraw([each for each in live if each.status == AssignmentStatus.OFFERED], at=now)
    history.record(appointment, Action.COMPLETED, by_id=identity.user_id)
    recipients = {*queries.dispatchers(appointment)} - {identity.user_id}
    notices.send(recipients, NotificationKind.COMPLETED, appointment, "it is completed")
    return appointment


def cancel(reference: str, identity: Identity, *, reason: str) -> Appointment:
    """Cancel a charter before its start, and release bus and crew; AppointmentNotFound, Forbidden, ImpossibleChange."""
    now = clock.now()
    appointment = access.lock_visible(reference, identity)
    if not (identity.may(DISPATCH) or _is_client(appointment, identity)):
        raise Forbidden("a charter is cancelled by its client or by the office")
    live = _live(appointment)
    appointment.cancel(reason=reason, at=now)
    crews.withdraw(live, at=now)
    history.record(appointment, Action.CANCELLED, by_id=identity.user_id, note=reason)
    recipients = {*(each.staff_id for each in live), *queries.dispatchers(appointment)} - {identity.user_id}
    notices.send(recipients, NotificationKind.CANCELLED, appointment, "it is cancelled", f"Reason: {reason}")
    return appointment


def _live(appointment: Appointment) -> list[Assignment]:
    return [each for each in crew_queries.charter_assignments(appointment.id) if each.status in LIVE]


def _check_may_report(live: list[Assignment], identity: Identity) -> None:
    """Raise Forbidden unless the caller drives the charter or is a dispatcher."""
    if identity.may(DISPATCH):
        return
    if not any(
        each.staff_id == identity.user_id and each.part == CrewRole.DRIVER and each.status == AssignmentStatus.ACCEPTED
        for each in live
    ):
        raise Forbidden("its driver or the office says so")


def _is_client(appointment: Appointment, identity: Identity) -> bool:
    if identity.managed_reference(MANAGED_CHARTER) == appointment.reference:
        return True
    return identity.user_id is not None and identity.user_id == appointment.client_id
