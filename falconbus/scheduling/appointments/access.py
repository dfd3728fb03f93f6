"""Who may see which charter: operators all, crew those they were asked for, clients theirs. The rest do not exist."""

from flask import current_app
from sqlalchemy import ColumnElement, false, or_, select, true

from falconbus.extensions import db
from falconbus.kit import references
from falconbus.scheduling.appointments.errors import AppointmentNotFound
from falconbus.scheduling.appointments.models import Appointment
from falconbus.scheduling.crews.models import Assignment
from falconbus.security import Identity, Permission

_PURPOSE, _PREFIX = "charter", "fbc"


def visible_to(identity: Identity) -> ColumnElement[bool]:
    """The charters that a caller may see."""
    if identity.may(Permission.DISPATCH):
        return true()
    allowed: list[ColumnElement[bool]] = [false()]
    if identity.user_id is not None:
        allowed.append(Appointment.client_id == identity.user_id)
        if identity.may(Permission.OWN_DUTIES):
            theirs = select(Assignment.appointment_id).where(Assignment.staff_id == identity.user_id)
            allowed.append(Appointment.id.in_(theirs))
    if identity.appointment_reference is not None:
        allowed.append(Appointment.reference == identity.appointment_reference)
    return or_(*allowed)


def lock_visible(reference: str, identity: Identity) -> Appointment:
    """The charter, locked for this transaction and as it is now; AppointmentNotFound when the caller may not see it."""
    statement = select(Appointment).where(
        Appointment.reference == references.read_reference(reference), visible_to(identity)
    )
    locked = statement.with_for_update(of=Appointment).execution_options(populate_existing=True)
    appointment: Appointment | None = db.session.scalars(locked).one_or_none()
    if appointment is None:
        raise AppointmentNotFound
    return appointment


def manage_token(reference: str, secret_key: str) -> str:
    """The key to one charter for a client without an account, derived and never stored."""
    return f"{_PREFIX}_{reference}_{references.signature(secret_key, _PURPOSE, reference)}"


def load_identity(token: str) -> Identity | None:
    """Who bears a charter's manage token; None when it is none, or not ours."""
    prefix, _, rest = token.partition("_")
    reference, _, signature = rest.partition("_")
    if prefix != _PREFIX or not reference.isascii():
        return None
    if not references.is_signature(signature, current_app.config["SECRET_KEY"], _PURPOSE, reference):
        return None
    return Identity(appointment_reference=reference)
