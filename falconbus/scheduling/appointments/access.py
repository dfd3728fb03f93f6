"""Who may see which charter: operators all, crew those they were asked for, clients theirs. The rest do not exist."""

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
    """The charters that a caller may see, for reads of one of them; lists begin with `visible_ids`."""
    if identity.may(DISPATCH):
        return true()
    allowed: list[ColumnElement[bool]] = [false()]
    if identity.user_id is not None:
        allowed.append(Appointment.client_id == identity.user_id)
        if identity.may(OWN_DUTIES):
            allowed.append(_is_asked(identity.user_id))
    managed = identity.managed_reference(MANAGED_CHARTER)
    if managed is not None:
        allowed.append(Appointment.reference == managed)
    return or_(*allowed)


def is_staff_of(identity: Identity) -> ColumnElement[bool]:
    """Whether a caller sees a charter as its operator or its crew, and not as its client."""
    if identity.may(DISPATCH):
        return true()
    if identity.user_id is None or not identity.may(OWN_DUTIES):
        return false()
    return _is_asked(identity.user_id)


def visible_ids(identity: Identity) -> Subquery | None:
    """The keys of an account's charters, `asked` those of its duties; None for all of them.

    Each part comes in an index's order, so that PostgreSQL merges them and stops when a page is full: with an OR, or a
    UNION, it reads every charter that somebody ever had.
    """
    if identity.may(DISPATCH):
        return None
    own = select(Appointment.id, false().label("asked")).where(Appointment.client_id == identity.user_id)
    if identity.user_id is None or not identity.may(OWN_DUTIES):
        return own.subquery("visible")
    asked = select(Assignment.appointment_id.label("id"), true().label("asked")).where(
        Assignment.staff_id == identity.user_id, Assignment.appointment_id.is_not(None)
    )
    parts = (
        asked.distinct().order_by(Assignment.appointment_id.desc()),
        own.where(~_is_asked(identity.user_id)).order_by(Appointment.id.desc()),
    )
    return union_all(*(select(part.subquery()) for part in parts)).subquery("visible")


def _is_asked(staff_id: int) -> ColumnElement[bool]:
    asked = exists().where(Assignment.appointment_id == Appointment.id, Assignment.staff_id == staff_id)
    return asked.correlate(Appointment)


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
    if not references.is_signature(signature, get_settings().secret_key, _PURPOSE, reference):
        return None
    return Identity(managed=(MANAGED_CHARTER, reference))
