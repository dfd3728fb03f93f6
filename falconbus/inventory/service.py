"""Use cases of seats on a segment: what is available, and which are chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from falconbus.fares import pricing
from falconbus.inventory import policy, queries
from falconbus.inventory.errors import NotOnSale, NotServed, SeatOfOtherClass, SeatTaken, SoldOut, UnknownSeat
from falconbus.inventory.policy import SeatState
from falconbus.network.errors import StopNotFound, UnknownFareClass, UnknownStop
from falconbus.platform.database.engine import AnyRow
from falconbus.platform.kit.errors import Invalid
from falconbus.timetable.errors import ScheduleNotFound, UnknownSchedule


@dataclass(frozen=True, slots=True)
class FareClassAvailability:
    """A fare class on a segment: the adult price in the smallest unit, and the number of free seats."""

    id: int
    code: str
    name: str
    percent: int
    refundable: bool
    conditions: str
    price: int
    free: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A schedule between two of its stops, with price and seats. Instants are UTC; the zones are the stops'."""

    schedule_id: int
    route_name: str
    route_id: int
    bus_id: int
    bus: str
    origin_id: int
    origin: str
    origin_name: str
    destination_id: int
    destination: str
    destination_name: str
    origin_position: int
    destination_position: int
    departs_at: datetime
    arrives_at: datetime
    origin_zone: str
    destination_zone: str
    currency: str
    segment_price: int
    price_is_set: bool
    seats: list[SeatState]
    #: Only those that the bus has seats of, cheapest first.
    fare_classes: list[FareClassAvailability]

    @property
    def legs(self) -> range:
        return range(self.origin_position, self.destination_position)


def get_segment(schedule_id: int, origin: str, destination: str, now: datetime) -> Segment:
    """Return a schedule between two stops, on sale or not; ScheduleNotFound, StopNotFound, NotServed."""
    rows = queries.segments([(schedule_id, origin, destination)], now)
    try:
        return _segment_of(_best_pair(rows, now))
    except UnknownSchedule:
        raise ScheduleNotFound from None
    except UnknownStop as unknown:
        raise StopNotFound(pointer=unknown.pointer) from None


def lock_schedules(schedule_ids: Sequence[int]) -> None:
    """Serialize the choice of seats on these departures until the end of the transaction."""
    queries.lock_schedules(schedule_ids)


def find_segments(requests: Sequence[tuple[int, str, str]], now: datetime) -> list[Segment]:
    """Return the segment for each (schedule id, origin code, destination code), in that order.

    Raises UnknownSchedule, UnknownStop or NotServed with a pointer into `journeys`; NotOnSale for departures that are
    past or withdrawn.
    """
    rows = queries.segments(requests, now)
    segments = []
    for index in range(len(requests)):
        try:
            row = _best_pair([row for row in rows if row.number == index], now)
        except Invalid as fault:
            fault.pointer = f"/journeys/{index}/{fault.pointer}"
            raise
        if not (row.on_sale and row.departs_at > now):
            raise NotOnSale
        segments.append(_segment_of(row))
    return segments


def pick_class(segment: Segment, code: str | None, count: int, pointer: str) -> FareClassAvailability:
    """Return the requested fare class, by default the cheapest with room for `count`; UnknownFareClass, SoldOut."""
    if code is None:
        with_room = [fare_class for fare_class in segment.fare_classes if fare_class.free >= count]
        if not with_room:
            raise SoldOut
        return with_room[0]
    for fare_class in segment.fare_classes:
        if fare_class.code == code:
            if fare_class.free < count:
                raise SoldOut
            return fare_class
    raise UnknownFareClass(pointer=f"{pointer}/fare_class")


def class_of_seats(segment: Segment, code: str | None, numbers: Sequence[str], pointer: str) -> FareClassAvailability:
    """Return the one fare class of chosen seats after checking that they exist, are free and match `code`.

    Raises UnknownSeat, SeatOfOtherClass, UnknownFareClass, SeatTaken.
    """
    if code is not None and all(fare_class.code != code for fare_class in segment.fare_classes):
        raise UnknownFareClass(pointer=f"{pointer}/fare_class")
    by_number = {seat.number: seat for seat in segment.seats}
    by_id = {fare_class.id: fare_class for fare_class in segment.fare_classes}
    chosen = [_find_seat(by_number, numbers, index, f"{pointer}/seats/{index}") for index in range(len(numbers))]
    expected_code = code or by_id[chosen[0].fare_class_id].code
    for index, seat in enumerate(chosen):
        if by_id[seat.fare_class_id].code != expected_code:
            raise SeatOfOtherClass(pointer=f"{pointer}/seats/{index}")
    if taken := [seat.number for seat in chosen if not seat.free]:
        raise SeatTaken.of(taken)
    return by_id[chosen[0].fare_class_id]


def _find_seat(by_number: dict[str, SeatState], numbers: Sequence[str], index: int, pointer: str) -> SeatState:
    seat = by_number.get(numbers[index])
    if seat is None:
        raise UnknownSeat(pointer=pointer)
    if numbers[index] in numbers[:index]:
        raise UnknownSeat("the same seat is named twice", pointer=pointer)
    return seat


def choose_seats(segment: Segment, class_id: int, count: int) -> list[str]:
    """Choose free seats of a fare class and return their numbers; SoldOut."""
    chosen = policy.choose_seats([seat for seat in segment.seats if seat.fare_class_id == class_id], count)
    if chosen is None:
        raise SoldOut
    return chosen


def _best_pair(rows: Sequence[AnyRow], now: datetime) -> AnyRow:
    """Return the pair of calls with the shortest ride that carries passengers, preferably not departed yet.

    Raises UnknownSchedule, UnknownStop, NotServed.
    """
    if rows[0].schedule_id is None:
        raise UnknownSchedule(pointer="schedule_id")
    for side in ("origin", "destination"):
        if getattr(rows[0], f"asked_{side}_id") is None:
            raise UnknownStop(pointer=side)
    carrying = [row for row in rows if row.carries]
    if not carrying:
        raise NotServed(pointer="origin")
    return next((row for row in carrying if row.departs_at > now), carrying[0])


def _segment_of(row: AnyRow) -> Segment:
    price = pricing.segment_price(row.base_price, row.distance_m, row.route_distance_m, row.set_price)
    seats = [SeatState(*seat) for seat in row.seats]
    return Segment(
        schedule_id=row.schedule_id,
        route_name=row.route_name,
        route_id=row.route_id,
        bus_id=row.bus_id,
        bus=row.bus,
        origin_id=row.origin_id,
        origin=row.origin,
        origin_name=row.origin_name,
        destination_id=row.destination_id,
        destination=row.destination,
        destination_name=row.destination_name,
        origin_position=row.origin_position,
        destination_position=row.destination_position,
        departs_at=row.departs_at,
        arrives_at=row.arrives_at,
        origin_zone=row.origin_zone,
        destination_zone=row.destination_zone,
        currency=row.currency,
        segment_price=price,
        price_is_set=row.set_price is not None,
        seats=seats,
        fare_classes=_fare_class_availability(row.fare_classes, seats, price),
    )


def _fare_class_availability(
    fare_classes: list[list[Any]], seats: list[SeatState], price: int
) -> list[FareClassAvailability]:
    availability = []
    for class_id, code, name, percent, refundable, conditions in fare_classes:
        class_seats = [seat for seat in seats if seat.fare_class_id == class_id]
        if class_seats:
            amount, free = pricing.class_price(price, percent), sum(seat.free for seat in class_seats)
            availability.append(
                FareClassAvailability(class_id, code, name, percent, refundable, conditions, amount, free)
            )
    return sorted(availability, key=lambda fare_class: (fare_class.price, fare_class.id))
