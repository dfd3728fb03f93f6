"""Stops and routes over the API."""

from typing import Any

from flask import Blueprint

from falconbus.network import cache_tags, queries, segment_fares, service
from falconbus.network.cache_groups import ROUTES
from falconbus.network.errors import AlreadyExists, RouteInUse, RouteNotFound, StopInUse, StopNotFound
from falconbus.network.permissions import CHANGE_NETWORK, SEE_NETWORK
from falconbus.network.schemas import (
    NewRoute,
    NewStop,
    RouteChange,
    RouteFares,
    RouteOut,
    RouteRow,
    RoutesQuery,
    StopChange,
    StopDetail,
)
from falconbus.platform.caching.response_cache import cached, depends_on
from falconbus.platform.database.pagination import Page, numbered
from falconbus.platform.kit.schema import pick_fields
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web.idempotency import idempotent
from falconbus.platform.web.identity import caller, public, requires
from falconbus.platform.web.operations import accepts, accepts_query, returns

bp = Blueprint("network", __name__, url_prefix="/api/v1")


@bp.get("/routes")
@public
@query_budget(4)
@accepts_query(RoutesQuery)
@cached(ROUTES, unless=lambda: caller().may(SEE_NETWORK))
@returns(Page[RouteRow], 200, StopNotFound)
def list_routes(query: RoutesQuery) -> Page[Any]:
    """Routes on sale by name, also by first and last stop; staff see those off sale too."""
    depends_on(cache_tags.ROUTES, cache_tags.STOPS)
    statement = queries.routes(caller(), origin=query.origin, destination=query.destination, words=query.q)
    rows, following, previous = numbered(statement, query)
    return Page(pick_fields([RouteRow(**row._asdict()) for row in rows], RouteRow, query.fields), following, previous)


@bp.get("/routes/<id:route_id>")
@public
@query_budget(4)
@returns(RouteOut, 200, RouteNotFound)
def get_route(route_id: int) -> RouteOut:
    """A route with its stops, kilometres and prices."""
    return RouteOut.of(queries.get_route(route_id, caller()))


@bp.post("/routes")
@requires(CHANGE_NETWORK)
@query_budget(9)
@accepts(NewRoute)
@idempotent
@returns(RouteOut, 201)
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


@bp.patch("/routes/<id:route_id>")
@requires(CHANGE_NETWORK)
@query_budget(17)
@accepts(RouteChange)
@returns(RouteOut, 200, RouteNotFound, RouteInUse)
def change_route(route_id: int, body: RouteChange) -> RouteOut:
    """Change a route; its stops and currency only until timetables use it."""
    service.change_route(route_id, body.changes(), body.calls())
    return RouteOut.of(queries.get_route(route_id, caller()))


@bp.delete("/routes/<id:route_id>")
@requires(CHANGE_NETWORK)
@query_budget(4)
@returns(None, 204, RouteNotFound, RouteInUse)
def delete_route(route_id: int) -> None:
    """Remove a route that nothing uses."""
    service.delete_route(route_id)


@bp.put("/routes/<id:route_id>/fares")
@requires(CHANGE_NETWORK)
@query_budget(8)
@accepts(RouteFares)
@returns(RouteOut, 200, RouteNotFound)
def set_fares(route_id: int, body: RouteFares) -> RouteOut:
    """Replace the prices between stops; a pair without one is priced by distance."""
    segment_fares.set_fares(route_id, body.pairs())
    return RouteOut.of(queries.get_route(route_id, caller()))


@bp.get("/stops/<code>")
@public
@query_budget(1)
@returns(StopDetail, 200, StopNotFound)
def get_stop(code: str) -> StopDetail:
    """A stop with its position and time zone."""
    return StopDetail.of(queries.get_stop(code))


@bp.post("/stops")
@requires(CHANGE_NETWORK)
@query_budget(6)
@accepts(NewStop)
@idempotent
@returns(StopDetail, 201, AlreadyExists)
def create_stop(body: NewStop) -> StopDetail:
    """Make a stop."""
    return StopDetail.of(service.create_stop(body.model_dump()))


@bp.patch("/stops/<code>")
@requires(CHANGE_NETWORK)
@query_budget(5)
@accepts(StopChange)
@returns(StopDetail, 200, StopNotFound)
def change_stop(code: str, body: StopChange) -> StopDetail:
    """Change a stop's name, city, position or time zone."""
    return StopDetail.of(service.change_stop(code, body.changes()))


@bp.delete("/stops/<code>")
@requires(CHANGE_NETWORK)
@query_budget(4)
@returns(None, 204, StopNotFound, StopInUse)
def delete_stop(code: str) -> None:
    """Remove a stop at which no route calls."""
    service.delete_stop(code)
