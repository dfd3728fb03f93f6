"""Use cases of buses, seat layouts and fare classes."""

from collections.abc import Sequence

from falconbus.accounts import audit
from falconbus.network import bus_uses, policy, queries
from falconbus.network.errors import AlreadyExists, BusInUse, UnknownSeatLayout
from falconbus.network.models import Bus, FareClass, Seat, SeatLayout
from falconbus.network.policy import NewSeat
from falconbus.network.service import Changes, add, change, check_unused, remove
from falconbus.platform.database.engine import db


def create_bus(*, number: str, layout: str, amenities: Sequence[str], active: bool) -> int:
    """Create a bus and return its key; AlreadyExists, UnknownSeatLayout."""
    bus = Bus(number=number, layout_id=_find_layout(layout).id, amenities=list(amenities), active=active)
    add(bus, _bus_number_taken(number))
    audit.record("create", "buses", bus.id, number=number, layout=layout)
    return bus.id


def change_bus(bus_id: int, changes: Changes) -> dict[str, int]:
    """Change a bus; its layout only while nothing uses it. Return the rides that it is due on out of service, by name.

    BusNotFound, BusInUse, AlreadyExists, UnknownSeatLayout.
    """
    bus = queries.lock_bus(bus_id)
    values = dict(changes)
    if "layout" in values:
        values["layout_id"] = _find_layout(values.pop("layout")).id
    if values.get("layout_id", bus.layout_id) != bus.layout_id:
        check_unused(bus, BusInUse("schedules sell the seats of this bus; make another bus, and give it to them"))
    change(bus, values, _bus_number_taken(values.get("number", bus.number)))
    return {} if bus.active else bus_uses.count_rides(bus.id)


def delete_bus(bus_id: int) -> None:
    """Delete a bus that nothing uses; BusNotFound, BusInUse."""
    bus = queries.lock_bus(bus_id)
    check_unused(bus, BusInUse())
    remove(bus)


def create_fare_class(values: Changes) -> FareClass:
    """Create a fare class; AlreadyExists."""
    fare_class = FareClass(**values)
    add(fare_class, AlreadyExists(f"there is a fare class {fare_class.code} already", pointer="/code"))
    audit.record("create", "fare_classes", fare_class.id, **values)
    return fare_class


def change_fare_class(code: str, changes: Changes) -> FareClass:
    """Change a fare class for future sales; issued tickets keep their terms. FareClassNotFound."""
    fare_class = queries.lock_fare_class(code)
    change(fare_class, changes)
    return fare_class


def create_layout(code: str, name: str, seats: Sequence[NewSeat]) -> SeatLayout:
    """Create a seat layout, which cannot be changed afterwards because seats are sold by it. AlreadyExists, Invalid."""
    fare_classes = queries.fare_class_ids()
    policy.check_seats(seats, fare_classes)
    layout = SeatLayout(code=code, name=name, capacity=len(seats))
    add(layout, AlreadyExists(f"there is a seat layout {code} already", pointer="/code"))
    db.session.add_all(
        Seat(
            layout_id=layout.id,
            number=seat.number,
            row=seat.row,
            column=seat.column,
            fare_class_id=fare_classes[seat.fare_class],
        )
        for seat in seats
    )
    audit.record("create", "seat_layouts", layout.id, code=code, capacity=layout.capacity)
    db.session.flush()
    return layout


def _find_layout(code: str) -> SeatLayout:
    layout = queries.find_layout(code)
    if layout is None:
        raise UnknownSeatLayout(pointer="/layout")
    return layout


def _bus_number_taken(number: str) -> AlreadyExists:
    return AlreadyExists(f"there is a bus {number} already", pointer="/number")
