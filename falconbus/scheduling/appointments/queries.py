"""Reads of charters. A charter with all that belongs to it is one row, so that a page is one statement."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, bindparam, literal_column, select, true
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import JSON

from falconbus.network.models import Bus, SeatLayout, Stop
from falconbus.platform.database.engine import AnyRow, AnySelect, db
from falconbus.platform.kit import references
from falconbus.platform.kit.emails import email_to_find
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.appointments import access
from falconbus.scheduling.appointments.errors import AppointmentNotFound
from falconbus.scheduling.appointments.models import Appointment
from falconbus.scheduling.appointments.record import (
    AppointmentRecord,
    ChangeRecord,
    CrewRecord,
    ItemRecord,
    PersonRecord,
    PlaceRecord,
    RejectionRecord,
)
from falconbus.scheduling.assignments.models import LIVE, Assignment
from falconbus.scheduling.assignments.service import Places
from falconbus.scheduling.catalogue.models import Service


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentFilters:
    """Filters of a list. `staff_id`: somebody with a live assignment; `starts_before` is exclusive."""

    status: str | None = None
    staff_id: int | None = None
    client_email: str | None = None
    starts_from: datetime | None = None
    starts_before: datetime | None = None


# The table, not the entity: to alias the entity takes longer than the query.
_TABLE = cast(Table, Appointment.__table__)


def _json(sql: str, name: str) -> ColumnElement[Any]:
    return literal_column(f"({sql})", JSON).label(name)


# Subqueries of the select list, not joins: PostgreSQL computes them only for the rows of the page, after the LIMIT.
_PLACE = "SELECT json_build_array(code, name) FROM stops WHERE id = appointments.{}"
_PERSON = "SELECT json_build_array(id, name) FROM users WHERE id = appointments.{}"
_SERVICES = """
    SELECT json_build_array(
        coalesce(sum(duration_minutes), 0), coalesce(sum(price), 0),
        coalesce(json_agg(json_build_array(service_id, name, duration_minutes, price) ORDER BY number), '[]'))
    FROM appointment_services WHERE appointment_id = appointments.id
"""
_CREW = """
    SELECT coalesce(json_agg(json_build_array(users.id, users.name, a.part, a.status) ORDER BY a.id), '[]')
    FROM assignments a JOIN users ON users.id = a.staff_id
    WHERE a.appointment_id = appointments.id AND a.status IN ('offered', 'accepted')
"""
_HISTORY = """
    SELECT coalesce(
        json_agg(json_build_array(c.at, users.id, users.name, c.action, c.status, c.note) ORDER BY c.id), '[]')
    FROM appointment_changes c LEFT JOIN users ON users.id = c.by_id
    WHERE c.appointment_id = appointments.id
"""


def _columns(charter: Any = Appointment) -> tuple[Any, ...]:
    """Return the columns of a list row; the statement has to name the charter `appointments`."""
    return (
        charter.id.label("key"),
        charter.reference,
        charter.status,
        charter.client_id,
        charter.client_name,
        charter.client_email,
        charter.client_phone,
        charter.pick_up_text,
        _json(_PLACE.format("pick_up_stop_id"), "pick_up_stop"),
        charter.drop_off_text,
        _json(_PLACE.format("drop_off_stop_id"), "drop_off_stop"),
        charter.starts_at,
        charter.ends_at,
        charter.time_zone,
        charter.passengers,
        _json(_SERVICES, "services"),
        charter.currency,
        _json(_CREW, "crew"),
        _json(_PERSON.format("operator_id"), "operator"),
        literal_column("(SELECT number FROM buses WHERE id = appointments.bus_id)").label("bus_number"),
        _json(_PERSON.format("rejected_by_id"), "rejected_by"),
        charter.rejection_reason,
        charter.created_at,
    )


_DETAIL: tuple[Any, ...] = (Appointment.note, Appointment.cancellation_reason, _json(_HISTORY, "history"))


def visible(identity: Identity, filters: AppointmentFilters) -> tuple[AnySelect, InstrumentedAttribute[int]]:
    """Return the select of a caller's list, and the key to page it by, which an index has in that order."""
    own_ids = access.visible_ids(identity)
    statement: AnySelect
    if own_ids is None:
        charter: Any = Appointment
        key: Any = Appointment.id
        statement = select(*_columns(), true().label("seen_by_staff"))
    else:
        # OFFSET 0 makes PostgreSQL look charters up one by one, in the order of their keys, whatever a join would cost.
        by_key = select(_TABLE).where(_TABLE.c.id == own_ids.c.id).offset(literal_column("0"))
        charters = by_key.lateral("appointments")
        charter, key = charters.c, own_ids.c.id
        statement = (
            select(*_columns(charter), own_ids.c.asked.label("seen_by_staff"))
            .select_from(own_ids)
            .join(charters, true())
        )
    if filters.staff_id is not None:
        key = Assignment.appointment_id if own_ids is None else key
        statement = statement.join(Assignment, Assignment.appointment_id == charter.id).where(
            Assignment.staff_id == filters.staff_id, Assignment.status.in_(LIVE)
        )
    return statement.where(*_conditions(charter, filters)), cast("InstrumentedAttribute[int]", key)


def _conditions(charter: Any, filters: AppointmentFilters) -> Iterator[ColumnElement[bool]]:
    if filters.status is not None:
        # A literal, not a parameter: the plan depends on how many charters have the status.
        yield charter.status == bindparam("status", filters.status, literal_execute=True)
    if filters.client_email is not None:
        yield charter.client_email == email_to_find(filters.client_email)
    if filters.starts_from is not None:
        yield charter.starts_at >= filters.starts_from
    if filters.starts_before is not None:
        yield charter.starts_at < filters.starts_before


def get_places(appointment_id: int) -> Places:
    """Return the stops where a charter begins and ends."""
    statement = select(Appointment.pick_up_stop_id, Appointment.drop_off_stop_id)
    row = db.session.execute(statement.where(Appointment.id == appointment_id)).one()
    return Places(row.pick_up_stop_id, row.drop_off_stop_id)


def get_record(appointment_id: int, identity: Identity | None = None) -> AppointmentRecord:
    """Return a charter by key without a check of visibility; with an identity, what that caller may read of it."""
    record, is_staff = _get(Appointment.id == appointment_id, identity)
    return record if identity is None or is_staff else record.for_client()


def get_visible(reference: str, identity: Identity) -> AppointmentRecord:
    """Return what the caller may read of a charter; AppointmentNotFound when they may not see it."""
    has_reference = Appointment.reference == references.read_reference(reference)
    record, is_staff = _get(has_reference & access.visible_to(identity), identity)
    return record if is_staff else record.for_client()


def _get(condition: ColumnElement[bool], identity: Identity | None) -> tuple[AppointmentRecord, bool]:
    seen_by_staff = access.is_staff_of(identity or Identity()).label("seen_by_staff")
    row = db.session.execute(select(*_columns(), *_DETAIL, seen_by_staff).where(condition)).one_or_none()
    if row is None:
        raise AppointmentNotFound
    return _record(row, **_detail(row)), row.seen_by_staff


def to_record(row: AnyRow) -> AppointmentRecord:
    """Return what the caller may read of a row of `visible`."""
    record = _record(row)
    return record if row.seen_by_staff else record.for_client()


def services(service_ids: Collection[int]) -> dict[int, Service]:
    """Return those of these services that exist, active or not, by key."""
    return {service.id: service for service in db.session.scalars(select(Service).where(Service.id.in_(service_ids)))}


def stops(codes: Collection[str]) -> dict[str, AnyRow]:
    """Return keys and time zones of those of these stops that exist, by code."""
    rows = db.session.execute(select(Stop.id, Stop.code, Stop.time_zone).where(Stop.code.in_(codes)))
    return {row.code: row for row in rows}


def bus_capacity(bus_id: int) -> int:
    """Return the number of seats of a bus."""
    statement = select(SeatLayout.capacity).join(Bus, Bus.layout_id == SeatLayout.id).where(Bus.id == bus_id)
    return db.session.execute(statement).scalar_one()


def _record(row: AnyRow, **detail: Any) -> AppointmentRecord:
    duration, price, services = row.services
    return AppointmentRecord(
        id=row.key,
        reference=row.reference,
        status=row.status,
        client_id=row.client_id,
        client_name=row.client_name,
        client_email=row.client_email,
        client_phone=row.client_phone,
        pick_up=PlaceRecord(*(row.pick_up_stop or (None, row.pick_up_text))),
        drop_off=PlaceRecord(*(row.drop_off_stop or (None, row.drop_off_text))),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        time_zone=row.time_zone,
        passengers=row.passengers,
        services=tuple(ItemRecord(*service) for service in services),
        total_duration=duration,
        total_price=price,
        currency=row.currency,
        crew=tuple(CrewRecord(*member) for member in row.crew),
        operator=PersonRecord(*row.operator) if row.operator else None,
        bus_number=row.bus_number,
        rejection=RejectionRecord(PersonRecord(*row.rejected_by), row.rejection_reason) if row.rejected_by else None,
        created_at=row.created_at,
        **detail,
    )


def _detail(row: AnyRow) -> dict[str, Any]:
    history = (
        ChangeRecord(
            at=datetime.fromisoformat(at),
            by=None if by_id is None else PersonRecord(by_id, by_name),
            action=action,
            status=status,
            note=note,
        )
        for at, by_id, by_name, action, status, note in row.history
    )
    return {"note": row.note, "cancellation_reason": row.cancellation_reason, "history": tuple(history)}
