"""Reads of charters. A charter and all that belongs to it is one row, so that a page of them is one statement."""

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
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.appointments import access
from falconbus.scheduling.appointments.errors import AppointmentNotFound
from falconbus.scheduling.appointments.models import Appointment
from falconbus.scheduling.appointments.record import (
    AppointmentRecord,
    ChangeRecord,
    CrewRecord,
    PersonRecord,
    PlaceRecord,
    PromisedService,
    RejectionRecord,
)
from falconbus.scheduling.assignments.models import LIVE, Assignment
from falconbus.scheduling.catalogue.models import Service


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """What narrows a list; `staff_id`: whose part in it is live; the start is within both bounds, `before` left out."""

    status: str | None = None
    staff_id: int | None = None
    client_email: str | None = None
    starts_from: datetime | None = None
    starts_before: datetime | None = None


# The table, not the entity: an alias of the entity takes longer to make than the database to answer.
_TABLE = cast(Table, Appointment.__table__)


def _json(sql: str, name: str) -> ColumnElement[Any]:
    return literal_column(f"({sql})", JSON).label(name)


# Subqueries of the select list, not joins: PostgreSQL works them out for the rows of the page, after its LIMIT.
_PLACE = "SELECT json_build_array(code, name) FROM stops WHERE id = appointments.{}"
_PERSON = "SELECT json_build_array(id, name) FROM users WHERE id = appointments.{}"
_PROMISED = """
    SELECT json_build_array(
        coalesce(sum(duration_minutes), 0), coalesce(sum(price), 0),
        coalesce(json_agg(json_build_array(service_id, name, duration_minutes, price) ORDER BY number), '[]'))
    FROM appointment_services WHERE appointment_id = appointments.id
"""
_CREW = """
    SELECT coalesce(json_agg(json_build_array(who.id, who.name, a.part, a.status) ORDER BY a.id), '[]')
    FROM assignments a JOIN users who ON who.id = a.staff_id
    WHERE a.appointment_id = appointments.id AND a.status IN ('offered', 'accepted')
"""
_HISTORY = """
    SELECT coalesce(json_agg(json_build_array(c.at, who.id, who.name, c.action, c.status, c.note) ORDER BY c.id), '[]')
    FROM appointment_changes c LEFT JOIN users who ON who.id = c.by_id
    WHERE c.appointment_id = appointments.id
"""


def _row(charter: Any = Appointment) -> tuple[Any, ...]:
    """What is selected of a charter, which the statement calls `appointments`."""
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
        _json(_PROMISED, "promised"),
        charter.currency,
        _json(_CREW, "crew"),
        _json(_PERSON.format("operator_id"), "operator"),
        literal_column("(SELECT number FROM buses WHERE id = appointments.bus_id)").label("bus_number"),
        _json(_PERSON.format("rejected_by_id"), "rejected_by"),
        charter.rejection_reason,
        charter.created_at,
    )


_DETAIL: tuple[Any, ...] = (Appointment.note, Appointment.cancellation_reason, _json(_HISTORY, "history"))


def visible(identity: Identity, filters: Filters) -> tuple[AnySelect, InstrumentedAttribute[int]]:
    """The charters of a caller's list, and the key by which it is paged: an index has it in that order."""
    theirs = access.visible_ids(identity)
    statement: AnySelect
    if theirs is None:
        charter: Any = Appointment
        key: Any = Appointment.id
        statement = select(*_row(), true().label("seen_by_staff"))
    else:
        # OFFSET 0: PostgreSQL looks charters up one by one, in the order of their keys, whatever it thinks of a join.
        one = select(_TABLE).where(_TABLE.c.id == theirs.c.id).offset(literal_column("0"))
        each = one.lateral("appointments")
        charter, key = each.c, theirs.c.id
        statement = select(*_row(charter), theirs.c.asked.label("seen_by_staff")).select_from(theirs).join(each, true())
    if filters.staff_id is not None:
        key = Assignment.appointment_id if theirs is None else key
        statement = statement.join(Assignment, Assignment.appointment_id == charter.id).where(
            Assignment.staff_id == filters.staff_id, Assignment.status.in_(LIVE)
        )
    return statement.where(*_narrowed(charter, filters)), cast("InstrumentedAttribute[int]", key)


def _narrowed(charter: Any, filters: Filters) -> Iterator[ColumnElement[bool]]:
    if filters.status is not None:
        # Written into the statement: how many have a status is all that tells one good plan from another.
        yield charter.status == bindparam("status", filters.status, literal_execute=True)
    if filters.client_email is not None:
        yield charter.client_email == filters.client_email.strip().lower()
    if filters.starts_from is not None:
        yield charter.starts_at >= filters.starts_from
    if filters.starts_before is not None:
        yield charter.starts_at < filters.starts_before


def get_record(appointment_id: int, identity: Identity | None = None) -> AppointmentRecord:
    """The charter as it is shown, for whoever holds it already; with an identity as far as that one may read it."""
    record, is_staff = _get(Appointment.id == appointment_id, identity)
    return record if identity is None or is_staff else record.for_client()


def get_visible(reference: str, identity: Identity) -> AppointmentRecord:
    """The charter, as far as the caller may read it; AppointmentNotFound when they may not see it."""
    typed = Appointment.reference == references.read_reference(reference)
    record, is_staff = _get(typed & access.visible_to(identity), identity)
    return record if is_staff else record.for_client()


def _get(which: ColumnElement[bool], identity: Identity | None) -> tuple[AppointmentRecord, bool]:
    seen_by_staff = access.is_staff_of(identity or Identity()).label("seen_by_staff")
    row = db.session.execute(select(*_row(), *_DETAIL, seen_by_staff).where(which)).one_or_none()
    if row is None:
        raise AppointmentNotFound
    return _record(row, **_detail(row)), row.seen_by_staff


def listed(row: AnyRow) -> AppointmentRecord:
    """A row of `visible`, as far as the caller may read it."""
    record = _record(row)
    return record if row.seen_by_staff else record.for_client()


def services(service_ids: Collection[int]) -> dict[int, Service]:
    """Those that exist among these, on offer or not."""
    return {service.id: service for service in db.session.scalars(select(Service).where(Service.id.in_(service_ids)))}


def stops(codes: Collection[str]) -> dict[str, AnyRow]:
    """Keys and time zones of the stops that exist among these codes."""
    rows = db.session.execute(select(Stop.id, Stop.code, Stop.time_zone).where(Stop.code.in_(codes)))
    return {row.code: row for row in rows}


def seats_of(bus_id: int) -> int:
    """How many a bus carries."""
    layout = select(SeatLayout.capacity).join(Bus, Bus.layout_id == SeatLayout.id).where(Bus.id == bus_id)
    return db.session.execute(layout).scalar_one()


def _record(row: AnyRow, **detail: Any) -> AppointmentRecord:
    duration, price, promised = row.promised
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
        services=tuple(PromisedService(*service) for service in promised),
        total_duration=duration,
        total_price=price,
        currency=row.currency,
        crew=tuple(CrewRecord(*who) for who in row.crew),
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
