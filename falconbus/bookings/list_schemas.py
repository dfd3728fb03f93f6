"""Shapes of lists of bookings: the staff's, and an account's own."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from pydantic import StringConstraints
from sqlalchemy import Row

from falconbus.platform.database.pagination import CursorQuery
from falconbus.platform.kit import clock, money
from falconbus.platform.kit.fields import Day, Key
from falconbus.platform.kit.schema import OneLine


class BookingListQuery(CursorQuery):
    """`q`: a reference, a ticket's code, an e-mail, a phone number, a payment, or the beginnings of a name."""

    q: Annotated[OneLine, StringConstraints(max_length=200)] | None = None
    status: Literal["held", "confirmed", "expired", "cancelled", "refunded"] | None = None
    email: Annotated[str, StringConstraints(max_length=254)] | None = None
    schedule: Key | None = None
    created_on: Day | None = None


class BookingLineOut(msgspec.Struct):
    """A line of the staff's list: a booking, its passengers, its first journey and how many there are."""

    reference: str
    status: str
    email: str | None
    phone: str | None
    passengers: list[str]
    journeys: int
    route_name: str
    origin_name: str
    destination_name: str
    departure_time: datetime
    total: str
    currency: str
    created_at: datetime

    @classmethod
    def of(cls, row: Row[Any]) -> "BookingLineOut":
        return cls(
            reference=row.reference,
            status=row.status,
            email=row.email,
            phone=row.phone,
            passengers=row.passengers,
            journeys=row.journeys,
            route_name=row.route_name,
            origin_name=row.origin_name,
            destination_name=row.destination_name,
            departure_time=clock.local(row.departs_at, row.origin_zone),
            total=money.to_text(row.total, row.currency),
            currency=row.currency,
            created_at=row.created_at,
        )


class MyBookingOut(msgspec.Struct):
    """A line of an account's own list: the booking and its first journey."""

    reference: str
    status: str
    total: str
    currency: str
    route_name: str
    fare_class: str
    origin_name: str
    destination_name: str
    departure_time: datetime
    created_at: datetime

    @classmethod
    def of(cls, row: Row[Any]) -> "MyBookingOut":
        return cls(
            reference=row.reference,
            status=row.status,
            total=money.to_text(row.total, row.currency),
            currency=row.currency,
            route_name=row.route_name,
            fare_class=row.fare_class,
            origin_name=row.origin_name,
            destination_name=row.destination_name,
            departure_time=clock.local(row.departs_at, row.origin_zone),
            created_at=row.created_at,
        )
