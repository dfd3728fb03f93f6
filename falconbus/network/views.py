"""Stops and routes over the API."""

from typing import Any

from flask import Blueprint

from falconbus.network import cache_tags, queries, segment_fares, service
from falconbus.network.cache_groups import ROUTES
from falconbus.network.errors import AlreadyExists, NotRidden, RouteInUse, RouteNotFound, StopInUse, StopNotFound
from falconbus.network.permissions import CHANGE_NETWORK, SEE_NETWORK
from falconbus.network.schemas import (
    FareEverywhere,
    NewRoute,
    NewStop,
    RouteChange,
    RouteFares,
    RouteOut,
    RouteRow,
    RoutesPricedOut,
    RoutesQuery,
    StopChange,
    StopDetail,
)
from falconbus.platform.caching.response_cache import depends_on
from falconbus.platform.database.pagination import Page, by_name, numbered_page
from falconbus.platform.kit.money import BadPrice
from falconbus.platform.web.declarations import PUBLIC
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation

bp = Blueprint("network", __name__, url_prefix="/api/v1")


@operation(
    bp.get("/routes"),
    who=PUBLIC,
    asks=RoutesQuery,
    gives={200: Page[RouteRow]},
    refuses=(StopNotFound,),
    cached=ROUTES,
    cached_unless=lambda: caller().may(SEE_NETWORK),
    budget=4,
)
def list_routes(query: RoutesQuery) -> Page[Any]:
    """Routes on sale by name, also by first and last stop; staff see those off sale too."""
    depends_on(cache_tags.ROUTES, cache_tags.STOPS)
    statement = queries.routes(caller(), origin=query.origin, destination=query.destination, words=query.q)
    return numbered_page(statement, query, RouteRow, by_name(RouteRow))


@operation(bp.get("/routes/<id:route_id>"), who=PUBLIC, gives={200: RouteOut}, refuses=(RouteNotFound,), budget=4)
def get_route(route_id: int) -> RouteOut:
    """A route with its stops, kilometres and prices."""
    return RouteOut.of(queries.get_route(route_id, caller()))


@operation(
    bp.post("/routes"),
    who=CHANGE_NETWORK,
    takes=NewRoute,
    gives={201: RouteOut},
    refuses=(BadPrice,),
    idempotent=True,
    budget=9,
)
def create_route(body: NewRoute) -> RouteOut:
    """Make a route over stops that exist; `kilometres` count from the first."""
    route_id = service.create_route(
        name=body.name,
        calls=body.calls(),
        base_price=body.base_price,
        currency=body.currency,
        duration_minutes=body.duration_minutes,
        active=body.active,
    )
    return RouteOut.of(queries.get_route(route_id, caller()))


@operation(
    bp.patch("/routes/<id:route_id>"),
    who=CHANGE_NETWORK,
    takes=RouteChange,
    gives={200: RouteOut},
    refuses=(
        RouteNotFound,
        RouteInUse,
        BadPrice,
    ),
    budget=17,
)
def change_route(route_id: int, body: RouteChange) -> RouteOut:
    """Change a route; its stops and currency only until timetables use it."""
    service.change_route(route_id, body.changes(), body.calls())
    return RouteOut.of(queries.get_route(route_id, caller()))


@operation(
    bp.delete("/routes/<id:route_id>"),
    who=CHANGE_NETWORK,
    gives={204: None},
    refuses=(RouteNotFound, RouteInUse),
    budget=4,
)
def delete_route(route_id: int) -> None:
    """Remove a route that nothing uses."""
    service.delete_route(route_id)


@operation(
    bp.put("/routes/<id:route_id>/fares"),
    who=CHANGE_NETWORK,
    takes=RouteFares,
    gives={200: RouteOut},
    refuses=(
        RouteNotFound,
        BadPrice,
    ),
    budget=8,
)
def set_fares(route_id: int, body: RouteFares) -> RouteOut:
    """Replace the prices between stops; a pair without one is priced by distance."""
    segment_fares.set_fares(route_id, body.pairs())
    return RouteOut.of(queries.get_route(route_id, caller()))


@operation(
    bp.put("/fares"),
    who=CHANGE_NETWORK,
    takes=FareEverywhere,
    gives={200: RoutesPricedOut},
    refuses=(StopNotFound, BadPrice, NotRidden),
    budget=7,
)
def set_fare_everywhere(body: FareEverywhere) -> RoutesPricedOut:
    """Set one price from a stop to another on all routes in the currency that ride that way, on sale or not."""
    count = segment_fares.set_fare_everywhere(body.origin, body.destination, body.price, body.currency)
    return RoutesPricedOut(count)


@operation(bp.get("/stops/<code>"), who=PUBLIC, gives={200: StopDetail}, refuses=(StopNotFound,), budget=1)
def get_stop(code: str) -> StopDetail:
    """A stop with its position and time zone."""
    return StopDetail.of(queries.get_stop(code))


@operation(
    bp.post("/stops"),
    who=CHANGE_NETWORK,
    takes=NewStop,
    gives={201: StopDetail},
    refuses=(AlreadyExists,),
    idempotent=True,
    budget=6,
)
def create_stop(body: NewStop) -> StopDetail:
    """Make a stop."""
    return StopDetail.of(service.create_stop(body.model_dump()))


@operation(
    bp.patch("/stops/<code>"),
    who=CHANGE_NETWORK,
    takes=StopChange,
    gives={200: StopDetail},
    refuses=(StopNotFound,),
    budget=5,
)
def change_stop(code: str, body: StopChange) -> StopDetail:
    """Change a stop's name, city, position or time zone."""
    return StopDetail.of(service.change_stop(code, body.changes()))


@operation(
    bp.delete("/stops/<code>"), who=CHANGE_NETWORK, gives={204: None}, refuses=(StopNotFound, StopInUse), budget=4
)
def delete_stop(code: str) -> None:
    """Remove a stop at which no route calls."""
    service.delete_stop(code)
