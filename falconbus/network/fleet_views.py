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
    FareClassChange,
    FareClassRow,
    NewBus,
    NewFareClass,
    NewSeatLayout,
    SeatLayoutOut,
    SeatLayoutRow,
)
from falconbus.network.permissions import CHANGE_NETWORK, SEE_NETWORK
from falconbus.platform.caching.response_cache import cached, depends_on
from falconbus.platform.database.pagination import Page, PageQuery, numbered
from falconbus.platform.kit.schema import pick_fields
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web.idempotency import idempotent
from falconbus.platform.web.identity import public, requires
from falconbus.platform.web.operations import accepts, accepts_query, returns

bp = Blueprint("fleet", __name__, url_prefix="/api/v1")


@bp.get("/buses")
@requires(SEE_NETWORK)
@query_budget(1)
@accepts_query(PageQuery)
@returns(Page[BusOut])
def list_buses(query: PageQuery) -> Page[Any]:
    """Buses by number."""
    rows, following, previous = numbered(queries.buses(), query)
    return Page(pick_fields([BusOut(**row._asdict()) for row in rows], BusOut, query.fields), following, previous)


@bp.get("/buses/<id:bus_id>")
@requires(SEE_NETWORK)
@query_budget(1)
@returns(BusOut, 200, BusNotFound)
def get_bus(bus_id: int) -> BusOut:
    """A bus."""
    return BusOut(**queries.get_bus(bus_id)._asdict())


@bp.post("/buses")
@requires(CHANGE_NETWORK)
@query_budget(8)
@accepts(NewBus)
@idempotent
@returns(BusOut, 201, AlreadyExists, UnknownSeatLayout)
def create_bus(body: NewBus) -> BusOut:
    """Make a bus with the seats of a layout."""
    return BusOut(**queries.get_bus(fleet.create_bus(**body.model_dump()))._asdict())


@bp.patch("/buses/<id:bus_id>")
@requires(CHANGE_NETWORK)
@query_budget(8)
@accepts(BusChange)
@returns(BusOut, 200, BusNotFound, BusInUse, AlreadyExists, UnknownSeatLayout)
def change_bus(bus_id: int, body: BusChange) -> BusOut:
    """Change a bus; its layout only until something uses it."""
    fleet.change_bus(bus_id, body.changes())
    return BusOut(**queries.get_bus(bus_id)._asdict())


@bp.delete("/buses/<id:bus_id>")
@requires(CHANGE_NETWORK)
@query_budget(4)
@returns(None, 204, BusNotFound, BusInUse)
def delete_bus(bus_id: int) -> None:
    """Remove a bus that nothing uses."""
    fleet.delete_bus(bus_id)


@bp.get("/fare-classes")
@public
@query_budget(1)
@accepts_query(PageQuery)
@cached(FARE_CLASSES)
@returns(Page[FareClassRow])
def list_fare_classes(query: PageQuery) -> Page[Any]:
    """Fare classes, cheapest first."""
    depends_on(cache_tags.FLEET)
    rows, following, previous = numbered(queries.fare_classes(), query)
    return Page(
        pick_fields([FareClassRow(**row._asdict()) for row in rows], FareClassRow, query.fields), following, previous
    )


@bp.post("/fare-classes")
@requires(CHANGE_NETWORK)
@query_budget(6)
@accepts(NewFareClass)
@idempotent
@returns(FareClassRow, 201, AlreadyExists)
def create_fare_class(body: NewFareClass) -> FareClassRow:
    """Make a fare class; `price_percent` is its share of the fare by distance."""
    return FareClassRow.of(fleet.create_fare_class(body.model_dump()))


@bp.patch("/fare-classes/<code>")
@requires(CHANGE_NETWORK)
@query_budget(5)
@accepts(FareClassChange)
@returns(FareClassRow, 200, FareClassNotFound)
def change_fare_class(code: str, body: FareClassChange) -> FareClassRow:
    """Change a fare class from now on; what is sold keeps its price."""
    return FareClassRow.of(fleet.change_fare_class(code, body.changes()))


@bp.get("/seat-layouts")
@requires(SEE_NETWORK)
@query_budget(1)
@accepts_query(PageQuery)
@returns(Page[SeatLayoutRow])
def list_layouts(query: PageQuery) -> Page[Any]:
    """Seat layouts by code."""
    rows, following, previous = numbered(queries.layouts(), query)
    return Page(
        pick_fields([SeatLayoutRow(**row._asdict()) for row in rows], SeatLayoutRow, query.fields), following, previous
    )


@bp.get("/seat-layouts/<code>")
@requires(SEE_NETWORK)
@query_budget(2)
@returns(SeatLayoutOut, 200, SeatLayoutNotFound)
def get_layout(code: str) -> SeatLayoutOut:
    """A seat layout with its seats."""
    layout = queries.get_layout(code)
    return SeatLayoutOut.of(layout, queries.layout_seats(layout.id))


@bp.post("/seat-layouts")
@requires(CHANGE_NETWORK)
@query_budget(9)
@accepts(NewSeatLayout)
@idempotent
@returns(SeatLayoutOut, 201, AlreadyExists)
def create_layout(body: NewSeatLayout) -> SeatLayoutOut:
    """Make a seat layout; to change one, make another."""
    layout = fleet.create_layout(body.code, body.name, body.to_seats())
    return SeatLayoutOut.of(layout, queries.layout_seats(layout.id))
