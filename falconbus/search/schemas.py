"""Request and response shapes of search."""

from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from pydantic import Field, StringConstraints

from falconbus.inventory.service import Segment
from falconbus.platform.database.engine import AnyRow
from falconbus.platform.database.pagination import CountedPage, PageQuery
from falconbus.platform.kit import clock, money
from falconbus.platform.kit.fields import Month
from falconbus.platform.kit.schema import OneLine, Query
from falconbus.search.availability import DayAvailability
from falconbus.search.service import Departure

StopOrCity = Annotated[OneLine, StringConstraints(max_length=100)]
Party = Annotated[int, Field(ge=1, le=9)]


class StopQuery(PageQuery):
    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""


class StopOut(msgspec.Struct):
    """A stop, as suggestions show it."""

    code: str
    name: str
    city: str

    @classmethod
    def of(cls, row: AnyRow) -> "StopOut":
        return cls(row.code, row.name, row.city)


class ScheduleQuery(PageQuery):
    """A stop's code or a city on either side; the local date at the place of departure."""

    origin: StopOrCity
    destination: StopOrCity
    date: date
    passengers: Party = 1


class FareClassOut(msgspec.Struct):
    code: str
    name: str
    price: str
    available_seats: int


class ScheduleOut(msgspec.Struct):
    """A departure between two stops. Price and seats are those of the cheapest fare class that has room."""

    id: int
    route_name: str
    origin: str
    origin_name: str
    destination: str
    destination_name: str
    bus_number: str
    amenities: list[str]
    departure_time: datetime
    arrival_time: datetime
    duration_minutes: int
    price: str
    currency: str
    available_seats: int
    fare_classes: list[FareClassOut]

    @classmethod
    def of(cls, departure: Departure) -> "ScheduleOut":
        row = departure.row
        classes = [
            FareClassOut(
                fare_class.code, fare_class.name, money.to_text(fare_class.price, row.currency), fare_class.seats
            )
            for fare_class in departure.fare_classes
        ]
        return cls(
            id=row.id,
            route_name=row.route_name,
            origin=row.origin,
            origin_name=row.origin_name,
            destination=row.destination,
            destination_name=row.destination_name,
            bus_number=row.bus_number,
            amenities=row.amenities,
            departure_time=clock.local(row.departs_at, row.origin_zone),
            arrival_time=clock.local(row.arrives_at, row.destination_zone),
            duration_minutes=(row.arrives_at - row.departs_at) // timedelta(minutes=1),
            price=classes[0].price,
            currency=row.currency,
            available_seats=classes[0].available_seats,
            fare_classes=classes,
        )


class AvailabilityQuery(Query):
    """A stop's code or a city on either side; the month as `2026-12`."""

    origin: StopOrCity
    destination: StopOrCity
    month: Month
    passengers: Party = 1


class DayAvailabilityOut(msgspec.Struct):
    """A day at the place of departure. `price` is the cheapest with room for all passengers, as a search shows it.

    `departures` on sale, full ones too; `available_seats`: what a search of that day shows, added up. All are null on a
    day that is over, `price` and `currency` where there is no room.
    """

    date: date
    price: str | None
    currency: str | None
    departures: int | None
    available_seats: int | None

    @classmethod
    def of(cls, found: DayAvailability) -> "DayAvailabilityOut":
        price = currency = None
        if found.cheapest is not None:
            currency = found.cheapest.currency
            price = money.to_text(found.cheapest.amount, currency)
        return cls(found.day, price, currency, found.departures, found.seats)


class AvailabilityOut(msgspec.Struct):
    """Every day of a month, in order."""

    results: list[DayAvailabilityOut]


class SchedulePage(CountedPage[ScheduleOut]):
    """Departures of a day; without one `next_date` is the next day, within a month, that has some with room."""

    next_date: date | None = None


class CallOut(msgspec.Struct):
    """A stop on a schedule's way. At the first there is no arrival, at the last no departure."""

    code: str
    name: str
    city: str
    arrival_time: datetime | None
    departure_time: datetime | None
    kilometres: float
    boards: bool
    alights: bool


class ScheduleDetailOut(msgspec.Struct):
    id: int
    route_id: int
    route_name: str
    bus_number: str
    amenities: list[str]
    on_sale: bool
    stops: list[CallOut]

    @classmethod
    def of(cls, schedule_id: int, calls: list[AnyRow]) -> "ScheduleDetailOut":
        first, last = 0, len(calls) - 1
        stops = [
            CallOut(
                code=call.code,
                name=call.name,
                city=call.city,
                arrival_time=None if position == first else clock.local(call.arrives_at, call.time_zone),
                departure_time=None if position == last else clock.local(call.departs_at, call.time_zone),
                kilometres=call.distance_m / 1000,
                boards=call.boards and position != last,
                alights=call.alights and position != first,
            )
            for position, call in enumerate(calls)
        ]
        first_call = calls[0]
        return cls(
            schedule_id,
            first_call.route_id,
            first_call.route_name,
            first_call.bus_number,
            first_call.amenities,
            first_call.on_sale,
            stops,
        )


class SeatMapQuery(Query):
    origin: StopOrCity
    destination: StopOrCity


class SeatOut(msgspec.Struct):
    """A seat; rows count from the front, columns from the left, the aisle is a missing column."""

    number: str
    row: int
    column: int
    fare_class: str
    free: bool


class SeatMapOut(msgspec.Struct):
    schedule_id: int
    origin: str
    destination: str
    currency: str
    fare_classes: list[FareClassOut]
    seats: list[SeatOut]

    @classmethod
    def of(cls, segment: Segment) -> "SeatMapOut":
        codes = {fare_class.id: fare_class.code for fare_class in segment.fare_classes}
        seats = sorted(segment.seats, key=lambda seat: (seat.row, seat.column))
        return cls(
            schedule_id=segment.schedule_id,
            origin=segment.origin,
            destination=segment.destination,
            currency=segment.currency,
            fare_classes=[
                FareClassOut(
                    fare_class.code, fare_class.name, money.to_text(fare_class.price, segment.currency), fare_class.free
                )
                for fare_class in segment.fare_classes
            ],
            seats=[SeatOut(seat.number, seat.row, seat.column, codes[seat.fare_class_id], seat.free) for seat in seats],
        )
