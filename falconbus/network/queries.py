"""Reads of the network. List queries select the columns of their response shapes, under the same names."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ColumnElement, Row, Select, select, true
from sqlalchemy.orm import aliased

from falconbus.network.errors import (
    BusNotFound,
    FareClassNotFound,
    RouteNotFound,
    SeatLayoutNotFound,
    StopNotFound,
)
from falconbus.network.models import Bus, FareClass, Route, RouteStop, Seat, SeatLayout, SegmentFare, Stop
from falconbus.network.permissions import SEE_NETWORK
from falconbus.platform.database.engine import AnyRow, AnySelect, Model, db
from falconbus.platform.kit.errors import NotFound
from falconbus.platform.web.identity import Identity

Entity = TypeVar("Entity", bound=Model)

_Origin, _Destination = aliased(Stop), aliased(Stop)


@dataclass(frozen=True)
class RouteDetail:
    """A route, its stops in order (code, name, city, metres) and its set fares (origin, destination, price)."""

    route: Route
    stops: Sequence[Row[str, str, str, int]]
    fares: Sequence[Row[str, str, int]]


def visible_to(identity: Identity) -> ColumnElement[bool]:
    """Return the condition for routes that a caller may see: those on sale, for staff all."""
    return true() if identity.may(SEE_NETWORK) else Route.active.is_(True)


def routes(identity: Identity, *, origin: str | None, destination: str | None, words: str | None) -> AnySelect:
    """Select routes by the codes of their first and last stops and a part of their names; StopNotFound."""
    statement = (
        select(Route.id, Route.name, _Origin.code.label("origin"), _Destination.code.label("destination"))
        .join(_Origin, _Origin.id == Route.origin_id)
        .join(_Destination, _Destination.id == Route.destination_id)
        .where(visible_to(identity))
        .order_by(Route.name, Route.id)
    )
    if origin is not None:
        statement = statement.where(Route.origin_id == get_stop(origin).id)
    if destination is not None:
        statement = statement.where(Route.destination_id == get_stop(destination).id)
    if words is not None:
        statement = statement.where(Route.name.icontains(words, autoescape=True))
    return statement


def get_route(route_id: int, identity: Identity) -> RouteDetail:
    """Return a route that the caller may see; RouteNotFound."""
    route = db.session.scalar(select(Route).where(Route.id == route_id, visible_to(identity)))
    if route is None:
        raise RouteNotFound
    return RouteDetail(route, _route_stops(route_id), _route_fares(route_id))


def route_codes(route_id: int) -> Sequence[str]:
    """Return the codes of a route's stops, in order."""
    statement = select(Stop.code).join(RouteStop, RouteStop.stop_id == Stop.id).where(RouteStop.route_id == route_id)
    return db.session.scalars(statement.order_by(RouteStop.position)).all()


def stop_ids(codes: Collection[str]) -> dict[str, int]:
    """Return the keys of those of these codes that are stops, by code."""
    rows = db.session.execute(select(Stop.code, Stop.id).where(Stop.code.in_(codes)))
    return {row.code: row.id for row in rows}


def fare_class_ids() -> dict[str, int]:
    """Return the keys of all fare classes by code."""
    return {row.code: row.id for row in db.session.execute(select(FareClass.code, FareClass.id))}


def get_stop(code: str, *, lock: bool = False) -> Stop:
    """Return a stop by its code, in any case; StopNotFound."""
    return _get(select(Stop).where(Stop.code == _printable(code).upper()), StopNotFound, lock=lock)


def lock_route(route_id: int) -> Route:
    """Return a route, locked for an update; RouteNotFound."""
    return _get(select(Route).where(Route.id == route_id), RouteNotFound, lock=True)


def lock_bus(bus_id: int) -> Bus:
    """Return a bus, locked for an update; BusNotFound."""
    return _get(select(Bus).where(Bus.id == bus_id), BusNotFound, lock=True)


def lock_fare_class(code: str) -> FareClass:
    """Return a fare class, locked for an update; FareClassNotFound."""
    return _get(select(FareClass).where(FareClass.code == _printable(code)), FareClassNotFound, lock=True)


def find_layout(code: str) -> SeatLayout | None:
    """Return a seat layout by its code, or None."""
    return db.session.scalar(select(SeatLayout).where(SeatLayout.code == code))


def buses() -> AnySelect:
    """Select every bus, with its layout's code and capacity."""
    return (
        select(
            Bus.id,
            Bus.number,
            SeatLayout.code.label("layout"),
            SeatLayout.capacity.label("seats"),
            Bus.amenities,
            Bus.active,
        )
        .join(SeatLayout, SeatLayout.id == Bus.layout_id)
        .order_by(Bus.number)
    )


def get_bus(bus_id: int) -> AnyRow:
    """Return one row of `buses`; BusNotFound."""
    row = db.session.execute(buses().where(Bus.id == bus_id)).one_or_none()
    if row is None:
        raise BusNotFound
    return row


def fare_classes() -> AnySelect:
    """Select every fare class, cheapest first."""
    return select(
        FareClass.code, FareClass.name, FareClass.price_percent, FareClass.refundable, FareClass.conditions
    ).order_by(FareClass.price_percent, FareClass.id)


def layouts() -> AnySelect:
    """Select every seat layout, without its seats."""
    return select(SeatLayout.code, SeatLayout.name, SeatLayout.capacity).order_by(SeatLayout.code)


def get_layout(code: str) -> SeatLayout:
    """Return a seat layout by its code; SeatLayoutNotFound."""
    return _get(select(SeatLayout).where(SeatLayout.code == _printable(code)), SeatLayoutNotFound)


def layout_seats(layout_id: int) -> Sequence[Row[str, int, int, str]]:
    """Return the seats of a layout with the codes of their fare classes, front to back and left to right."""
    statement = (
        select(Seat.number, Seat.row, Seat.column, FareClass.code)
        .join(FareClass, FareClass.id == Seat.fare_class_id)
        .where(Seat.layout_id == layout_id)
        .order_by(Seat.row, Seat.column)
    )
    return db.session.execute(statement).all()


def _route_stops(route_id: int) -> Sequence[Row[str, str, str, int]]:
    statement = (
        select(Stop.code, Stop.name, Stop.city, RouteStop.distance_m)
        .join(RouteStop, RouteStop.stop_id == Stop.id)
        .where(RouteStop.route_id == route_id)
        .order_by(RouteStop.position)
    )
    return db.session.execute(statement).all()


def _route_fares(route_id: int) -> Sequence[Row[str, str, int]]:
    """Return a route's set fares; pairs of calls at the same two stops for the same price are one fare."""
    board, alight = aliased(RouteStop), aliased(RouteStop)
    fare, here = SegmentFare, SegmentFare.route_id
    statement = (
        select(_Origin.code, _Destination.code, fare.price)
        .join(board, (board.route_id == here) & (board.position == fare.origin_position))
        .join(alight, (alight.route_id == here) & (alight.position == fare.destination_position))
        .join(_Origin, _Origin.id == board.stop_id)
        .join(_Destination, _Destination.id == alight.stop_id)
        .where(here == route_id)
        .order_by(fare.origin_position, fare.destination_position)
    )
    return list(dict.fromkeys(db.session.execute(statement)))


def _get(statement: Select[Entity], missing: type[NotFound], *, lock: bool = False) -> Entity:
    row = db.session.scalar(statement.with_for_update() if lock else statement)
    if row is None:
        raise missing
    return row


def _printable(code: str) -> str:
    """Return a code that can be a query parameter: a URL may hold a NUL, a text column may not."""
    return code if code.isprintable() else ""
