"""Prices that staff set for segments of a route.

They belong to the route, as its base price and currency do: they are shown with it, and are deleted when its stop
sequence or currency changes. Ticket prices are calculated from them in fares.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, text

from falconbus.accounts import audit
from falconbus.network import cache_tags, queries
from falconbus.network.errors import NotRidden
from falconbus.network.models import Route, SegmentFare
from falconbus.platform.caching import response_cache
from falconbus.platform.database.engine import db
from falconbus.platform.kit import money
from falconbus.platform.web.problems import FieldFault, InvalidInput

_LOCK_ROUTES = text("""
    SELECT id FROM routes WHERE currency = :currency AND EXISTS (
        SELECT FROM route_stops AS board JOIN route_stops AS alight USING (route_id)
        WHERE route_id = routes.id AND board.stop_id = :origin AND alight.stop_id = :destination
          AND board.position < alight.position)
    ORDER BY id FOR NO KEY UPDATE
""")
_SET_EVERYWHERE = text("""
    INSERT INTO segment_fares (route_id, origin_position, destination_position, price)
    SELECT route_id, board.position, alight.position, :price
    FROM route_stops AS board JOIN route_stops AS alight USING (route_id)
    WHERE route_id = ANY (:routes) AND board.stop_id = :origin AND alight.stop_id = :destination
      AND board.position < alight.position
    ON CONFLICT (route_id, origin_position, destination_position) DO UPDATE SET price = excluded.price
""")


@dataclass(frozen=True, slots=True)
class PairFare:
    """A price from one stop to another; a stop that comes twice counts with every pair of its calls."""

    origin: str
    destination: str
    price: str


def set_fares(route_id: int, fares: Sequence[PairFare]) -> None:
    """Replace the segment prices of a route; other segments are priced by distance. RouteNotFound, Invalid."""
    route = queries.lock_route(route_id)
    positions = find_positions(fares, queries.route_codes(route_id))
    prices = [
        money.read_price(fare.price, route.currency, f"/fares/{number}/price") for number, fare in enumerate(fares)
    ]
    remove_fares(route)
    db.session.add_all(
        SegmentFare(route_id=route.id, origin_position=origin, destination_position=destination, price=price)
        for pairs, price in zip(positions, prices, strict=True)
        for origin, destination in pairs
    )
    audit.record("set fares", "routes", route.id, fares=[[fare.origin, fare.destination, fare.price] for fare in fares])
    db.session.flush()


def set_fare_everywhere(origin: str, destination: str, price: str, currency: str) -> int:
    """Set one price from a stop to another on all routes in this currency, and return how many ride that way.

    StopNotFound, BadPrice, NotRidden.
    """
    stops = {"origin": queries.get_stop(origin).id, "destination": queries.get_stop(destination).id}
    amount = money.read_price(price, currency, "/price")
    route_ids = sorted(set(db.session.execute(_LOCK_ROUTES, {**stops, "currency": currency}).scalars()))
    if not route_ids:
        raise NotRidden(f"no route in {currency} rides from {origin} to {destination}", pointer="/destination")
    db.session.execute(_SET_EVERYWHERE, {**stops, "routes": route_ids, "price": amount})
    audit.record("set fare", "routes", f"{origin}-{destination}", price=price, currency=currency, routes=route_ids)
    response_cache.changed(cache_tags.ROUTES)
    return len(route_ids)


def find_positions(fares: Sequence[PairFare], codes: Sequence[str]) -> list[list[tuple[int, int]]]:
    """Return each fare's pairs of call positions; InvalidInput for pairs not served or given twice."""
    faults, positions = [], []
    seen: set[tuple[str, str]] = set()
    for number, fare in enumerate(fares):
        pairs = [
            (origin, destination)
            for origin, code in enumerate(codes)
            if code == fare.origin
            for destination in range(origin + 1, len(codes))
            if codes[destination] == fare.destination
        ]
        if not pairs:
            detail = f"the route does not ride from {fare.origin} to {fare.destination}"
            faults.append(FieldFault(detail, "not_served", f"/fares/{number}"))
        if (fare.origin, fare.destination) in seen:
            faults.append(FieldFault("this pair is priced before", "same_pair", f"/fares/{number}"))
        seen.add((fare.origin, fare.destination))
        positions.append(pairs)
    if faults:
        raise InvalidInput(faults)
    return positions


def remove_fares(route: Route) -> None:
    """Delete the segment prices of a route, so that all segments are priced by distance."""
    db.session.execute(delete(SegmentFare).where(SegmentFare.route_id == route.id))
