"""Visibility of charters: operators see all, crew those offered to them, clients their own; others do not exist."""

from sqlalchemy import ColumnElement, Subquery, exists, false, or_, select, true, union_all

from falconbus.platform.database.engine import db
from falconbus.platform.kit import references
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.appointments.errors import AppointmentNotFound
from falconbus.scheduling.appointments.models import Appointment
from falconbus.scheduling.assignments.models import Assignment
from falconbus.scheduling.permissions import DISPATCH, MANAGED_CHARTER, OWN_DUTIES

_PURPOSE, _PREFIX = "charter", "fbc"


def visible_to(identity: Identity) -> ColumnElement[bool]:
    """Return the condition of charters that a caller may see, to read one; lists start from `visible_ids`."""
    if identity.may(DISPATCH):
        return true()
    allowed: list[ColumnElement[bool]] = [false()]
    if identity.user_id is not None:
        allowed.append(Appointment.client_id == identity.user_id)
        if identity.may(OWN_DUTIES):
            allowed.append(_has_assignment(identity.user_id))
    managed = identity.managed_reference(MANAGED_CHARTER)
    if managed is not None:
        allowed.append(Appointment.reference == managed)
    return or_(*allowed)


def is_staff_of(identity: Identity) -> ColumnElement[bool]:
    """Return the condition of charters that a caller sees as operator or crew, and not as client."""
    if identity.may(DISPATCH):
        return true()
    if identity.user_id is None or not identity.may(OWN_DUTIES):
        return false()
    return _has_assignment(identity.user_id)


def visible_ids(identity: Identity) -> Subquery | None:
    """Return the keys of an account's charters (`asked`: those of its duties), or None for all charters.

    Each half is in an index's order, so that PostgreSQL merges them and stops when a page is full; with an OR, or a
    UNION, it would read every charter that the account ever had.
    """
    if identity.may(DISPATCH):
        return None
    own = select(Appointment.id, false().label("asked")).where(Appointment.client_id == identity.user_id)
    if identity.user_id is None or not identity.may(OWN_DUTIES):
        return own.subquery("visible")
    asked = select(Assignment.appointment_id.label("id"), true().label("asked")).where(
        Assignment.staff_id == identity.user_id, Assignment.appointment_id.is_not(None)
    )
    halves = (
        asked.distinct().order_by(Assignment.appointment_id.desc()),
        own.where(~_has_assignment(identity.user_id)).order_by(Appointment.id.desc()),
    )
    return union_all(*(select(half.subquery()) for half in halves)).subquery("visible")


def _has_assignment(staff_id: int) -> ColumnElement[bool]:
    own_assignment = exists().where(Assignment.appointment_id == Appointment.id, Assignment.staff_id == staff_id)
    return own_assignment.correlate(Appointment)


def lock_visible(reference: str, identity: Identity) -> Appointment:
    """Lock a charter and return it as it is now; AppointmentNotFound when the caller may not see it."""
    statement = select(Appointment).where(
        Appointment.reference == references.read_reference(reference), visible_to(identity)
    )
    locked = statement.with_for_update(of=Appointment).execution_options(populate_existing=True)
    appointment: Appointment | None = db.session.scalars(locked).one_or_none()
    if appointment is None:
        raise AppointmentNotFound
    return appointment


def manage_token(reference: str, secret_key: str) -> str:
    """Return the token with which a client without an account manages one charter; derived, never stored."""
    return f"{_PREFIX}_{reference}_{references.signature(secret_key, _PURPOSE, reference)}"


def load_identity(token: str) -> Identity | None:
    """Return the identity of a manage token's bearer, or None when the token is not valid."""
    prefix, _, rest = token.partition("_")
    reference, _, signature = rest.partition("_")
    if prefix != _PREFIX or not reference.isascii():
        return None
    if not references.is_signature(signature, get_settings().secret_key, _PURPOSE, reference):
        return None
    return Identity(managed=(MANAGED_CHARTER, reference))
