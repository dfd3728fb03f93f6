"""Use cases of stops and routes."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Row, delete, inspect, select, text
from sqlalchemy.exc import IntegrityError

from falconbus.accounts import audit
from falconbus.network import cache_tags, folding, policy, queries, segment_fares
from falconbus.network.errors import AlreadyExists, RouteInUse, StopInUse
from falconbus.network.models import Route, RouteStop, Stop
from falconbus.network.policy import Call
from falconbus.network.usage import describe_uses, find_used
from falconbus.platform.caching import response_cache
from falconbus.platform.database.engine import Model, db
from falconbus.platform.kit import money
from falconbus.platform.kit.errors import DomainError, Invalid

Changes = Mapping[str, Any]

_FOLD = text("""
    UPDATE stops SET city_key = folded.city_key, search_document = folded.document
    FROM (
        SELECT id, city_key, CAST(document AS tsvector) AS document
        FROM unnest(CAST(:ids AS int[]), CAST(:keys AS text[]), CAST(:documents AS text[])) x (id, city_key, document)
    ) AS folded
    WHERE stops.id = folded.id AND (stops.city_key, stops.search_document) <> (folded.city_key, folded.document)
""")


def create_stop(values: Changes) -> Stop:
    """Create a stop; AlreadyExists, Invalid."""
    policy.check_position(values["latitude"], values["longitude"])
    stop = Stop(**values)
    add(stop, AlreadyExists(f"there is a stop {stop.code} already", pointer="/code"))
    audit.record("create", "stops", stop.id, **values)
    return stop


def change_stop(code: str, changes: Changes) -> Stop:
    """Change a stop's name, city, position or zone; StopNotFound, Invalid."""
    stop = queries.get_stop(code, lock=True)
    change(stop, changes)
    policy.check_position(stop.latitude, stop.longitude)
    return stop


def delete_stop(code: str) -> None:
    """Delete a stop that nothing uses; StopNotFound, StopInUse."""
    stop = queries.get_stop(code, lock=True)
    check_unused(stop, StopInUse())
    remove(stop)


def fold_stops(stops: Sequence[Row[int, str, str, str]]) -> int:
    """Fold stops (id, code, name, city) that were written past the ORM; return how many were folded otherwise."""
    folded = {
        "ids": [stop_id for stop_id, *_ in stops],
        "keys": [folding.place_key(city) for *_, city in stops],
        "documents": [folding.search_document(*texts) for _, *texts in stops],
    }
    changed = cast(CursorResult[Any], db.session.execute(_FOLD, folded)).rowcount
    if changed:
        response_cache.changed(cache_tags.STOPS)
    return changed


def refold_stops() -> int:
    """Fold the names of all stops as this code does; return how many were folded otherwise."""
    return fold_stops(db.session.execute(select(Stop.id, Stop.code, Stop.name, Stop.city)).all())


def create_route(
    *,
    name: str,
    calls: Sequence[Call],
    base_price: str,
    currency: str,
    duration_minutes: int,
    active: bool,
) -> int:
    """Create a route and return its key; Invalid with a pointer to each fault."""
    stops = _find_stops(calls)
    route = Route(
        name=name,
        origin_id=stops[calls[0].code],
        destination_id=stops[calls[-1].code],
        base_price=money.read_price(base_price, currency, "/base_price"),
        currency=currency,
        distance_m=calls[-1].distance_m,
        duration_minutes=duration_minutes,
        active=active,
    )
    db.session.add(route)
    db.session.flush()
    _add_calls(route, calls, stops)
    audit.record("create", "routes", route.id, name=name, base_price=base_price, currency=currency)
    return route.id


def change_route(route_id: int, changes: Changes, calls: Sequence[Call] | None) -> None:
    """Change a route; its stop sequence and currency only while nothing uses it.

    Raises RouteNotFound, RouteInUse, or Invalid with a pointer to each fault.
    """
    route = queries.lock_route(route_id)
    currency = changes.get("currency", route.currency)
    if calls is not None or currency != route.currency:
        check_route_unused(route)
    if currency != route.currency:
        if "base_price" not in changes:
            raise Invalid("another currency needs a price in it", pointer="/base_price")
        segment_fares.remove_fares(route)
    values = dict(changes)
    if "base_price" in changes:
        values["base_price"] = money.read_price(changes["base_price"], currency, "/base_price")
    if calls is not None:
        _change_stop_sequence(route, calls)
    change(route, values)


def delete_route(route_id: int) -> None:
    """Delete a route that nothing uses; RouteNotFound, RouteInUse."""
    route = queries.lock_route(route_id)
    check_route_unused(route)
    remove(route)


def check_unused(row: Any, refusal: DomainError) -> None:
    """Raise `refusal` when another table refers to a locked row."""
    if find_used(type(row), [row.id]):
        raise refusal


def check_route_unused(route: Route) -> None:
    """Raise RouteInUse, which says what uses a locked route."""
    if find_used(Route, [route.id]):
        raise RouteInUse(f"{describe_uses(route, route.id)} use it: {RouteInUse.title}")


def add(row: Model, taken: DomainError) -> None:
    """Insert a row; raise `taken` when its unique code exists already."""
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        raise taken from None


def change(row: Any, values: Changes, taken: DomainError | None = None) -> None:
    """Set the values that differ and record them in the audit log; raise `taken` when a new code exists already."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not changed:
        return
    try:
        with db.session.begin_nested():
            for name, value in changed.items():
                setattr(row, name, value)
    except IntegrityError:
        if taken is None:
            raise
        raise taken from None
    audit.record("change", row.__tablename__, row.id, **changed)


def remove(row: Any) -> None:
    """Delete a row and record it in the audit log."""
    audit.record("delete", row.__tablename__, row.id, **_identifying_columns(row))
    db.session.delete(row)
    db.session.flush()


def _identifying_columns(row: Any) -> dict[str, Any]:
    columns = inspect(type(row)).columns.keys()
    return {name: getattr(row, name) for name in ("code", "number", "name") if name in columns}


def _find_stops(calls: Sequence[Call]) -> dict[str, int]:
    stops = queries.stop_ids({call.code for call in calls})
    policy.check_stop_sequence(calls, stops)
    return stops


def _change_stop_sequence(route: Route, calls: Sequence[Call]) -> None:
    """Replace a route's calls; nothing uses them, and its set fares are deleted with them."""
    stops = _find_stops(calls)
    db.session.execute(delete(RouteStop).where(RouteStop.route_id == route.id))
    _add_calls(route, calls, stops)
    changes = {
        "origin_id": stops[calls[0].code],
        "destination_id": stops[calls[-1].code],
        "distance_m": calls[-1].distance_m,
    }
    change(route, changes)
    response_cache.changed(cache_tags.ROUTES)


def _add_calls(route: Route, calls: Sequence[Call], stops: Mapping[str, int]) -> None:
    db.session.add_all(
        RouteStop(route_id=route.id, position=position, stop_id=stops[call.code], distance_m=call.distance_m)
        for position, call in enumerate(calls)
    )
    db.session.flush()
