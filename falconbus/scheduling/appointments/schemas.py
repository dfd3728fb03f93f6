"""Response schemas of charters."""

from datetime import datetime
from typing import Any, Self

import msgspec

from falconbus.platform.kit import clock, money
from falconbus.platform.kit.schema import Secret
from falconbus.scheduling.appointments.record import (
    AppointmentRecord,
    ChangeRecord,
    CrewRecord,
    ItemRecord,
    PersonRecord,
)


class PersonOut(msgspec.Struct):
    """Somebody of the staff; a charter's client does not learn their `id`."""

    id: int | None
    name: str


class RejectionOut(msgspec.Struct):
    """Who has said no, and why."""

    by: PersonOut | None
    reason: str


class ClientOut(msgspec.Struct):
    name: str
    email: str
    phone: str | None


class PlaceOut(msgspec.Struct):
    """A stop, or a place without a `code`."""

    code: str | None
    name: str


class CrewOut(msgspec.Struct):
    """Somebody of the crew, `offered` or `accepted`."""

    id: int | None
    name: str
    status: str

    @classmethod
    def of(cls, member: CrewRecord) -> Self:
        return cls(member.id, member.name, member.status)


class PromisedServiceOut(msgspec.Struct):
    """A service as it was promised; the duration in minutes."""

    id: int
    name: str
    duration: int
    price: str

    @classmethod
    def of(cls, service: ItemRecord, currency: str) -> Self:
        return cls(service.id, service.name, service.duration, money.to_text(service.price, currency))


class ChangeOut(msgspec.Struct):
    """A line of the history: `by` is null where it was not the staff."""

    at: datetime
    by: PersonOut | None
    action: str
    status: str
    note: str

    @classmethod
    def of(cls, change: ChangeRecord, time_zone: str) -> Self:
        at = clock.local(change.at, time_zone)
        return cls(at, _person(change.by), change.action, change.status, change.note)


class AppointmentRow(msgspec.Struct):
    """A charter in a list; times have the offset of the pick-up, durations are minutes."""

    reference: str
    status: str
    client: ClientOut
    pick_up: PlaceOut
    drop_off: PlaceOut
    start: datetime
    end: datetime
    passengers: int
    services: list[PromisedServiceOut]
    total_duration: int
    total_price: str
    currency: str
    driver: CrewOut | None
    attendants: list[CrewOut]
    operator: PersonOut | None
    bus: str | None
    rejection: RejectionOut | None
    created_at: datetime

    @classmethod
    def of(cls, record: AppointmentRecord) -> Self:
        return cls(**_row_fields(record))


class AppointmentOut(AppointmentRow):
    """A charter with its history, oldest first.

    Its client reads names of the crew that has accepted, without ids, no rejection, and of the history only that it was
    requested, changed, accepted, begun, completed or cancelled.
    """

    note: str
    cancellation_reason: str | None
    history: list[ChangeOut]

    @classmethod
    def of(cls, record: AppointmentRecord) -> Self:
        return cls(**_detail_fields(record))


class RequestedOut(AppointmentOut):
    """A charter just asked for, with the token that shows it to whoever bears it."""

    manage_token: Secret

    @classmethod
    def made(cls, record: AppointmentRecord, manage_token: str) -> Self:
        return cls(**_detail_fields(record), manage_token=manage_token)


def _row_fields(record: AppointmentRecord) -> dict[str, Any]:
    zone, rejection = record.time_zone, record.rejection
    return {
        "reference": record.reference,
        "status": record.status,
        "client": ClientOut(record.client_name, record.client_email, record.client_phone),
        "pick_up": PlaceOut(record.pick_up.code, record.pick_up.name),
        "drop_off": PlaceOut(record.drop_off.code, record.drop_off.name),
        "start": clock.local(record.starts_at, zone),
        "end": clock.local(record.ends_at, zone),
        "passengers": record.passengers,
        "services": [PromisedServiceOut.of(service, record.currency) for service in record.services],
        "total_duration": record.total_duration,
        "total_price": money.to_text(record.total_price, record.currency),
        "currency": record.currency,
        "driver": CrewOut.of(record.driver) if record.driver else None,
        "attendants": [CrewOut.of(member) for member in record.attendants],
        "operator": _person(record.operator),
        "bus": record.bus_number,
        "rejection": RejectionOut(_person(rejection.by), rejection.reason) if rejection else None,
        "created_at": clock.local(record.created_at, zone),
    }


def _detail_fields(record: AppointmentRecord) -> dict[str, Any]:
    return {
        **_row_fields(record),
        "note": record.note,
        "cancellation_reason": record.cancellation_reason,
        "history": [ChangeOut.of(change, record.time_zone) for change in record.history],
    }


def _person(person: PersonRecord | None) -> PersonOut | None:
    return None if person is None else PersonOut(person.id, person.name)
