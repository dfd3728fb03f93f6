"""Requesting a charter: checks, rows, and the notification of the operators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self

from sqlalchemy.dialects.postgresql import insert

from falconbus.network.errors import UnknownStop
from falconbus.platform.database.engine import db
from falconbus.platform.design import formats
from falconbus.platform.kit import clock, references
from falconbus.platform.kit.errors import Contended, DomainError
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.appointments import history, policy, queries
from falconbus.scheduling.appointments.errors import UnknownService
from falconbus.scheduling.appointments.models import Action, Appointment, AppointmentItem, AppointmentStatus
from falconbus.scheduling.appointments.record import AppointmentRecord
from falconbus.scheduling.catalogue.models import Service
from falconbus.scheduling.notifications import service as notifications
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.notifications.service import Message
from falconbus.scheduling.permissions import DISPATCH


@dataclass(frozen=True, slots=True)
class ClientContact:
    name: str
    email: str
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class PlaceRequest:
    """A place as requested: a stop's code in capitals, or a text."""

    stop: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CharterRequest:
    """A client's request of a charter; without an end it lasts as long as the services take."""

    client: ClientContact
    pick_up: PlaceRequest
    drop_off: PlaceRequest
    start: datetime
    end: datetime | None = None
    services: Sequence[int]
    passengers: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class ServiceSnapshot:
    """A service with the terms of a charter's request; duration in minutes, price in the smallest unit."""

    id: int
    name: str
    duration: int
    price: int
    currency: str

    @classmethod
    def of(cls, service: Service) -> Self:
        return cls(service.id, service.name, service.duration_minutes, service.price, service.currency)


@dataclass(frozen=True, slots=True)
class ResolvedPlace:
    """A place as it is stored, and its time zone."""

    stop_id: int | None
    text: str | None
    time_zone: str


def request(charter: CharterRequest, identity: Identity) -> AppointmentRecord:
    """Request a charter, and notify the operators. A dispatcher's request is not linked to their account.

    Raises with a pointer: UnknownService, UnknownStop, StartInPast, EndBeforeStart, TooShort, MixedCurrencies.
    """
    now = clock.now()
    policy.check_start(charter.start, now)
    services = resolve_services(charter.services)
    needed = policy.time_needed(service.duration for service in services)
    end = charter.end or charter.start + needed
    policy.check_end(charter.start, end, needed, "/end" if charter.end else "/services")
    currency = policy.get_currency(service.currency for service in services)
    pick_up, drop_off = resolve_places(pick_up=charter.pick_up, drop_off=charter.drop_off).values()
    row = {
        "client_name": charter.client.name,
        "client_email": charter.client.email,
        "client_phone": charter.client.phone,
        **place_columns("pick_up", pick_up),
        **place_columns("drop_off", drop_off),
        "client_id": None if identity.may(DISPATCH) else identity.user_id,
        "starts_at": charter.start,
        "ends_at": end,
        "time_zone": pick_up.time_zone,
        "passengers": charter.passengers,
        "note": charter.note,
        "currency": currency,
        "created_at": now,
    }
    appointment = _insert(row)
    insert_items(appointment.id, services)
    history.record(appointment, Action.REQUESTED, by_id=identity.user_id)
    record = queries.get_record(appointment.id, identity)
    message = Message(
        kind=NotificationKind.REQUESTED, title=record.title, message=_describe_request(record), appointment_id=record.id
    )
    notifications.notify(notifications.operators(), message)
    return record


def resolve_services(
    service_ids: Sequence[int], kept: Mapping[int, ServiceSnapshot] = MappingProxyType({})
) -> list[ServiceSnapshot]:
    """Return snapshots of services in this order, those in `kept` as they are there.

    UnknownService points at one that does not exist or is not active.
    """
    new_ids = [service_id for service_id in service_ids if service_id not in kept]
    active = {key: service for key, service in queries.services(new_ids).items() if service.active} if new_ids else {}
    for index, service_id in enumerate(service_ids):
        if service_id not in kept and service_id not in active:
            raise UnknownService(pointer=f"/services/{index}")
    return [kept[key] if key in kept else ServiceSnapshot.of(active[key]) for key in service_ids]


def resolve_places(**wanted: PlaceRequest) -> dict[str, ResolvedPlace]:
    """Look up the stops of requested places, by the names of their fields; UnknownStop points at the field."""
    codes = {place.stop for place in wanted.values() if place.stop is not None}
    stops = queries.stops(codes) if codes else {}
    office_zone = get_settings().time_zone
    places = {}
    for name, place in wanted.items():
        if place.stop is None:
            places[name] = ResolvedPlace(None, place.text, office_zone)
        elif place.stop in stops:
            places[name] = ResolvedPlace(stops[place.stop].id, None, stops[place.stop].time_zone)
        else:
            raise UnknownStop(f"there is no stop {place.stop}", pointer=f"/{name}/stop")
    return places


def place_columns(name: str, place: ResolvedPlace) -> dict[str, Any]:
    """Return a place as values of a charter's columns."""
    return {f"{name}_stop_id": place.stop_id, f"{name}_text": place.text}


def insert_items(appointment_id: int, services: Sequence[ServiceSnapshot]) -> None:
    """Insert the services of a charter."""
    rows = [
        {
            "appointment_id": appointment_id,
            "service_id": service.id,
            "number": number,
            "name": service.name,
            "duration_minutes": service.duration,
            "price": service.price,
        }
        for number, service in enumerate(services, 1)
    ]
    db.session.execute(insert(AppointmentItem).values(rows))


def _insert(row: dict[str, Any]) -> Appointment:
    """Insert a charter with a new reference; Contended when it is taken (1 in 850,000 of a million charters)."""
    row |= {"reference": references.new_reference(), "status": AppointmentStatus.PENDING}
    statement = insert(Appointment).values(row).on_conflict_do_nothing(index_elements=["reference"])
    appointment = db.session.scalars(statement.returning(Appointment)).one_or_none()
    if appointment is None:
        raise Contended(DomainError("please ask again"))
    return appointment


def _describe_request(record: AppointmentRecord) -> str:
    contact = ", ".join(filter(None, (record.client_email, record.client_phone)))
    ends = formats.staff_moment(clock.local(record.ends_at, record.time_zone))
    lines = [
        f"{record.client_name} asks for a charter ({contact}).",
        f"{record.passengers} passengers, until {ends}.",
        f"Services: {', '.join(service.name for service in record.services)}.",
        record.note and f"\n{record.note}",
    ]
    return "\n".join(line for line in lines if line)
