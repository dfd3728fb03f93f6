"""A booking as it is shown: a value, made from the rows of one query or from a hold just made."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class PassengerRecord:
    number: int
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class TicketRecord:
    """One passenger on one journey; `fare` in the smallest unit."""

    passenger_number: int
    seat_number: str
    fare: int
    fare_trace: list[dict[str, Any]]
    code: str
    status: str


@dataclass(frozen=True, slots=True)
class JourneyRecord:
    """One ride; instants are UTC, the zones those of its stops."""

    number: int
    schedule_id: int
    route_name: str
    bus_number: str
    bus_id: int
    fare_class: str
    refundable: bool
    origin: str
    origin_name: str
    origin_zone: str
    destination: str
    destination_name: str
    destination_zone: str
    origin_position: int
    destination_position: int
    departs_at: datetime
    arrives_at: datetime
    tickets: list[TicketRecord] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BookingRecord:
    id: int
    reference: str
    status: str
    email: str
    phone: str | None
    total: int
    currency: str
    refund_amount: int
    fee_amount: int
    created_at: datetime
    expires_at: datetime
    passengers: list[PassengerRecord]
    journeys: list[JourneyRecord]
