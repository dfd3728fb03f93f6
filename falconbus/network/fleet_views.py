"""Buses, seat layouts and fare classes over the API."""

from typing import Any

from flask import Blueprint

from falconbus.network import cache_tags, fleet, queries
from falconbus.network.cache_groups import FARE_CLASSES
from falconbus.network.errors import (
    AlreadyExists,
    BusInUse,
    BusNotFound,
    FareClassNotFound,
    SeatLayoutNotFound,
    UnknownSeatLayout,
)
from falconbus.network.fleet_schemas import (
    BusChange,
    BusOut,
    ChangedBusOut,
    FareClassChange,
    FareClassRow,
    NewBus,
    NewFareClass,
    NewSeatLayout,
    SeatLayoutOut,
    SeatLayoutRow,
)
from falconbus.network.permissions import CHANGE_NETWORK, SEE_NETWORK
from falconbus.platform.caching.response_cache import depends_on
from falconbus.platform.database.pagination import Page, PageQuery, by_name, numbered_page
from falconbus.platform.web.declarations import PUBLIC
from falconbus.platform.web.operations import operation

bp = Blueprint("fleet", __name__, url_prefix="/api/v1")


@operation(bp.get("/buses"), who=SEE_NETWORK, asks=PageQuery, gives={200: Page[BusOut]}, budget=1)
def list_buses(query: PageQuery) -> Page[Any]:
    """Buses by number."""
    return numbered_page(queries.buses(), query, BusOut, by_name(BusOut))


@operation(bp.get("/buses/<id:bus_id>"), who=SEE_NETWORK, gives={200: BusOut}, refuses=(BusNotFound,), budget=1)
def get_bus(bus_id: int) -> BusOut:
    """A bus."""
    return BusOut(**queries.get_bus(bus_id)._asdict())


@operation(
    bp.post("/buses"),
    who=CHANGE_NETWORK,
    takes=NewBus,
    gives={201: BusOut},
    refuses=(AlreadyExists, UnknownSeatLayout),
    idempotent=True,
    budget=8,
)
def create_bus(body: NewBus) -> BusOut:
    """Make a bus with the seats of a layout."""
    return BusOut(**queries.get_bus(fleet.create_bus(**body.model_dump()))._asdict())


@operation(
    bp.patch("/buses/<id:bus_id>"),
    who=CHANGE_NETWORK,
    takes=BusChange,
    gives={200: ChangedBusOut},
    refuses=(BusNotFound, BusInUse, AlreadyExists, UnknownSeatLayout),
    budget=9,
)
def change_bus(bus_id: int, body: BusChange) -> ChangedBusOut:
    """Change a bus; its layout only until something uses it. Out of service, it gets no new departures or charters."""
    affected = fleet.change_bus(bus_id, body.changes())
    return ChangedBusOut(**queries.get_bus(bus_id)._asdict(), affected=affected)


@operation(
    bp.delete("/buses/<id:bus_id>"), who=CHANGE_NETWORK, gives={204: None}, refuses=(BusNotFound, BusInUse), budget=4
)
def delete_bus(bus_id: int) -> None:
    """Remove a bus that nothing uses."""
    fleet.delete_bus(bus_id)


@operation(
    bp.get("/fare-classes"), who=PUBLIC, asks=PageQuery, gives={200: Page[FareClassRow]}, cached=FARE_CLASSES, budget=1
)
def list_fare_classes(query: PageQuery) -> Page[Any]:
    """Fare classes, cheapest first."""
    depends_on(cache_tags.FLEET)
    return numbered_page(queries.fare_classes(), query, FareClassRow, by_name(FareClassRow))


@operation(
    bp.post("/fare-classes"),
    who=CHANGE_NETWORK,
    takes=NewFareClass,
    gives={201: FareClassRow},
    refuses=(AlreadyExists,),
    idempotent=True,
    budget=6,
)
def create_fare_class(body: NewFareClass) -> FareClassRow:
    """Make a fare class; `price_percent` is its share of the fare by distance."""
    return FareClassRow.of(fleet.create_fare_class(body.model_dump()))


@operation(
    bp.patch("/fare-classes/<code>"),
    who=CHANGE_NETWORK,
    takes=FareClassChange,
    gives={200: FareClassRow},
    refuses=(FareClassNotFound,),
    budget=5,
)
def change_fare_class(code: str, body: FareClassChange) -> FareClassRow:
    """Change a fare class from now on; what is sold keeps its price."""
    return FareClassRow.of(fleet.change_fare_class(code, body.changes()))


@operation(bp.get("/seat-layouts"), who=SEE_NETWORK, asks=PageQuery, gives={200: Page[SeatLayoutRow]}, budget=1)
def list_layouts(query: PageQuery) -> Page[Any]:
    """Seat layouts by code."""
    return numbered_page(queries.layouts(), query, SeatLayoutRow, by_name(SeatLayoutRow))


@operation(
    bp.get("/seat-layouts/<code>"), who=SEE_NETWORK, gives={200: SeatLayoutOut}, refuses=(SeatLayoutNotFound,), budget=2
)
def get_layout(code: str) -> SeatLayoutOut:
    """A seat layout with its seats."""
    layout = queries.get_layout(code)
    return SeatLayoutOut.of(layout, queries.layout_seats(layout.id))


@operation(
    bp.post("/seat-layouts"),
    who=CHANGE_NETWORK,
    takes=NewSeatLayout,
    gives={201: SeatLayoutOut},
    refuses=(AlreadyExists,),
    idempotent=True,
    budget=9,
)
def create_layout(body: NewSeatLayout) -> SeatLayoutOut:
    """Make a seat layout; to change one, make another."""
    layout = fleet.create_layout(body.code, body.name, body.to_seats())
    return SeatLayoutOut.of(layout, queries.layout_seats(layout.id))
