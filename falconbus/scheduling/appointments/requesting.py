"""A client asks for a charter: the checks, its rows, and the operators are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self

from sqlalchemy.dialects.postgresql import insert

from falconbus.network.errors import UnknownStop
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock, references
from falconbus.platform.kit.errors import Contended, DomainError
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.appointments import history, policy, queries
from falconbus.scheduling.appointments.errors import UnknownService
from falconbus.scheduling.appointments.models import Action, Appointment, AppointmentService, AppointmentStatus
from falconbus.scheduling.appointments.record import AppointmentRecord, moment_in_words
from falconbus.scheduling.catalogue.models import Service
from falconbus.scheduling.notifications import service as notifications
from falconbus.scheduling.notifications.models import Kind
from falconbus.scheduling.notifications.service import Message
from falconbus.scheduling.permissions import DISPATCH


@dataclass(frozen=True, slots=True)
class Client:
    name: str
    email: str
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class WantedPlace:
    """A stop's code in capitals, or a text: one of both."""

    stop: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedCharter:
    """What a client asks for; without an end as long as the services take."""

    client: Client
    pick_up: WantedPlace
    drop_off: WantedPlace
    start: datetime
    end: datetime | None = None
    services: Sequence[int]
    passengers: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """A service as a charter is promised it; the duration in minutes, the price in the smallest unit."""

    id: int
    name: str
    duration: int
    price: int
    currency: str

    @classmethod
    def of(cls, service: Service) -> Self:
        return cls(service.id, service.name, service.duration_minutes, service.price, service.currency)


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A place as it is stored, and its time zone."""

    stop_id: int | None
    text: str | None
    time_zone: str


def request(wanted: WantedCharter, identity: Identity) -> AppointmentRecord:
    """Ask for a charter, and tell the operators. Whoever dispatches asks for somebody else.

    Invalid with a pointer: UnknownService, UnknownStop, StartInPast, EndBeforeStart, TooShort, MixedCurrencies.
    """
    now = clock.now()
    policy.check_start(wanted.start, now)
    services = find_services(wanted.services)
    needed = policy.time_needed(service.duration for service in services)
    end = wanted.end or wanted.start + needed
    policy.check_end(wanted.start, end, needed, "/end" if wanted.end else "/services")
    currency = policy.get_currency(service.currency for service in services)
    pick_up, drop_off = find_places(pick_up=wanted.pick_up, drop_off=wanted.drop_off).values()
    row = {
        "client_name": wanted.client.name,
        "client_email": wanted.client.email,
        "client_phone": wanted.client.phone,
        **place_columns("pick_up", pick_up),
        **place_columns("drop_off", drop_off),
        "client_id": None if identity.may(DISPATCH) else identity.user_id,
        "starts_at": wanted.start,
        "ends_at": end,
        "time_zone": pick_up.time_zone,
        "passengers": wanted.passengers,
        "note": wanted.note,
        "currency": currency,
        "created_at": now,
    }
    appointment = _insert(row)
    promise(appointment.id, services)
    history.record(appointment, Action.REQUESTED, by_id=identity.user_id)
    record = queries.get_record(appointment.id, identity)
    told = Message(kind=Kind.REQUESTED, title=record.title, message=_in_words(record), appointment_id=record.id)
    notifications.notify(notifications.operators(), told)
    return record


def find_services(service_ids: Sequence[int], kept: Mapping[int, Promise] = MappingProxyType({})) -> list[Promise]:
    """What is on offer as it is promised now, in this order; `kept`: what was promised before stays as it was.

    UnknownService points at one that is gone.
    """
    wanted = [service_id for service_id in service_ids if service_id not in kept]
    on_offer = {key: service for key, service in queries.services(wanted).items() if service.active} if wanted else {}
    for index, service_id in enumerate(service_ids):
        if service_id not in kept and service_id not in on_offer:
            raise UnknownService(pointer=f"/services/{index}")
    return [kept[key] if key in kept else Promise.of(on_offer[key]) for key in service_ids]


def find_places(**wanted: WantedPlace) -> dict[str, FoundPlace]:
    """Places as they are stored, by the names of their fields; UnknownStop points at the field."""
    codes = {place.stop for place in wanted.values() if place.stop is not None}
    stops = queries.stops(codes) if codes else {}
    office = get_settings().time_zone
    found = {}
    for name, place in wanted.items():
        if place.stop is None:
            found[name] = FoundPlace(None, place.text, office)
        elif place.stop in stops:
            found[name] = FoundPlace(stops[place.stop].id, None, stops[place.stop].time_zone)
        else:
            raise UnknownStop(f"there is no stop {place.stop}", pointer=f"/{name}/stop")
    return found


def place_columns(name: str, place: FoundPlace) -> dict[str, Any]:
    """A place by the names of a charter's columns."""
    return {f"{name}_stop_id": place.stop_id, f"{name}_text": place.text}


def promise(appointment_id: int, services: Sequence[Promise]) -> None:
    """Write down what a charter includes."""
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
    db.session.execute(insert(AppointmentService).values(rows))


def _insert(row: dict[str, Any]) -> Appointment:
    """One reference in 850,000 is somebody's already when there are a million charters: then all is tried again."""
    row |= {"reference": references.new_reference(), "status": AppointmentStatus.PENDING}
    statement = insert(Appointment).values(row).on_conflict_do_nothing(index_elements=["reference"])
    made = db.session.scalars(statement.returning(Appointment)).one_or_none()
    if made is None:
        raise Contended(DomainError("please ask again"))
    return made


def _in_words(record: AppointmentRecord) -> str:
    contact = ", ".join(filter(None, (record.client_email, record.client_phone)))
    lines = [
        f"{record.client_name} asks for a charter ({contact}).",
        f"{record.passengers} passengers, until {moment_in_words(record.ends_at, record.time_zone)}.",
        f"Services: {', '.join(service.name for service in record.services)}.",
        record.note and f"\n{record.note}",
    ]
    return "\n".join(line for line in lines if line)
