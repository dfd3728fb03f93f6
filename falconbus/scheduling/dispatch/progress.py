"""The course of a charter once it has its crew: begun, completed, or cancelled before."""

from datetime import timedelta

from falconbus.platform.kit import clock
from falconbus.platform.web.identity import Forbidden, Identity
from falconbus.scheduling.appointments import access, history
from falconbus.scheduling.appointments.errors import ImpossibleChange
from falconbus.scheduling.appointments.models import Action, Appointment
from falconbus.scheduling.assignments import queries as crew_queries
from falconbus.scheduling.assignments import service as crews
from falconbus.scheduling.assignments.models import LIVE, Assignment, AssignmentStatus, Part
from falconbus.scheduling.dispatch import notices, queries
from falconbus.scheduling.notifications.models import Kind
from falconbus.scheduling.permissions import DISPATCH, MANAGED_CHARTER

#: How long before its start a charter may begin: a coach sets out the day before at the earliest.
EARLIEST = timedelta(hours=12)


def begin(reference: str, identity: Identity) -> Appointment:
    """It is under way; AppointmentNotFound, Forbidden, ImpossibleChange."""
    now = clock.now()
    appointment = access.lock_visible(reference, identity)
    live = _live(appointment)
    _check_drives(live, identity)
    if appointment.starts_at - now > EARLIEST:
        raise ImpossibleChange(f"it starts in more than {EARLIEST // timedelta(hours=1)} hours")
    appointment.begin()
    asked = [each for each in live if each.status == AssignmentStatus.OFFERED]
    crews.withdraw(asked, at=now)
    history.record(appointment, Action.BEGUN, by_id=identity.user_id)
    told = {each.staff_id for each in asked}
    notices.tell(told, Kind.WITHDRAWN, appointment, "it has begun; you are no longer asked for it")
    return appointment


def complete(reference: str, identity: Identity) -> Appointment:
    """It is done; AppointmentNotFound, Forbidden, ImpossibleChange."""
    appointment = access.lock_visible(reference, identity)
    _check_drives(_live(appointment), identity)
    appointment.complete()
    history.record(appointment, Action.COMPLETED, by_id=identity.user_id)
    told = {*queries.dispatchers(appointment)} - {identity.user_id}
    notices.tell(told, Kind.COMPLETED, appointment, "it is completed")
    return appointment


def cancel(reference: str, identity: Identity, *, reason: str) -> Appointment:
    """Call it off before it begins; bus and crew are free. AppointmentNotFound, Forbidden, ImpossibleChange."""
    now = clock.now()
    appointment = access.lock_visible(reference, identity)
    if not (identity.may(DISPATCH) or _is_client(appointment, identity)):
        raise Forbidden("a charter is cancelled by its client or by the office")
    live = _live(appointment)
    appointment.cancel(reason=reason)
    crews.withdraw(live, at=now)
    history.record(appointment, Action.CANCELLED, by_id=identity.user_id, note=reason)
    told = {*(each.staff_id for each in live), *queries.dispatchers(appointment)} - {identity.user_id}
    notices.tell(told, Kind.CANCELLED, appointment, "it is cancelled", f"Reason: {reason}")
    return appointment


def _live(appointment: Appointment) -> list[Assignment]:
    return [each for each in crew_queries.on_charter(appointment.id) if each.status in LIVE]


def _check_drives(live: list[Assignment], identity: Identity) -> None:
    """Forbidden unless the caller drives it or dispatches."""
    if identity.may(DISPATCH):
        return
    if not any(
        each.staff_id == identity.user_id and each.part == Part.DRIVER and each.status == AssignmentStatus.ACCEPTED
        for each in live
    ):
        raise Forbidden("its driver or the office says so")


def _is_client(appointment: Appointment, identity: Identity) -> bool:
    if identity.managed_reference(MANAGED_CHARTER) == appointment.reference:
        return True
    return identity.user_id is not None and identity.user_id == appointment.client_id
