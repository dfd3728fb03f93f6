"""The floor's search, in two statements."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.floor.database import connection

_PLACES = """
    SELECT id, code, city_key FROM stops WHERE code = ANY(%(codes)s) OR city_key = ANY(%(cities)s)
"""
# Each OFFSET 0 keeps the planner from merging its subquery: whatever it believes about the parameters, it goes from
# the few pairs of calls to their timetables, and from each to one range of an index.
_DEPARTURES = """
    SELECT s.id, r.name, os.code, os.name, os.time_zone, ds.code, ds.name, ds.time_zone, b.number,
        s.departure_time + t.until_departure AS departs_at, s.departure_time + t.until_arrival AS arrives_at,
        coalesce(f.price, round(r.base_price * pair.distance_m::numeric / r.distance_m)::integer) AS price, r.currency,
        classes.free, b.amenities
    FROM (
        SELECT o.route_id, o.position AS origin, d.position AS destination, o.stop_id AS origin_id,
            d.stop_id AS destination_id, d.distance_m - o.distance_m AS distance_m
        FROM route_stops o JOIN route_stops d ON d.route_id = o.route_id AND d.position > o.position
        WHERE o.stop_id = ANY(%(origins)s) AND d.stop_id = ANY(%(destinations)s)
        OFFSET 0) pair
    CROSS JOIN LATERAL (
        SELECT name, base_price, currency, distance_m FROM routes WHERE id = pair.route_id AND active OFFSET 0) r
    CROSS JOIN LATERAL (
        SELECT code, name, time_zone, %(day)s::timestamp AT TIME ZONE time_zone AS day_begins,
            (%(day)s::timestamp + interval '1 day') AT TIME ZONE time_zone AS day_ends
        FROM stops WHERE id = pair.origin_id OFFSET 0) os
    CROSS JOIN LATERAL (SELECT code, name, time_zone FROM stops WHERE id = pair.destination_id OFFSET 0) ds
    CROSS JOIN LATERAL (
        SELECT id, make_interval(mins => departures[pair.origin + 1]) AS until_departure,
            make_interval(mins => arrivals[pair.destination + 1]) AS until_arrival
        FROM timetables
        WHERE route_id = pair.route_id AND boards[pair.origin + 1] AND alights[pair.destination + 1]
        OFFSET 0) t
    CROSS JOIN LATERAL (
        SELECT id, bus_id, departure_time FROM schedules
        WHERE timetable_id = t.id AND active
            AND departure_time >= greatest(os.day_begins, %(now)s) - t.until_departure
            AND departure_time < os.day_ends - t.until_departure
        OFFSET 0) s
    CROSS JOIN LATERAL (SELECT number, amenities, layout_id FROM buses WHERE id = s.bus_id OFFSET 0) b
    LEFT JOIN segment_fares f ON f.route_id = pair.route_id AND f.origin_position = pair.origin
        AND f.destination_position = pair.destination
    CROSS JOIN LATERAL (
        SELECT json_agg(json_build_array(fc.code, fc.name, fc.price_percent, room.free)) AS free
        FROM (
            SELECT seat.fare_class_id, count(*) - count(taken.seat_number) AS free
            FROM seats seat LEFT JOIN (
                SELECT DISTINCT c.seat_number FROM seat_claims c
                WHERE c.schedule_id = s.id AND c.leg >= pair.origin AND c.leg < pair.destination
                    AND (c.held_until IS NULL OR c.held_until > %(now)s)
            ) taken ON taken.seat_number = seat.number
            WHERE seat.layout_id = b.layout_id
            GROUP BY seat.fare_class_id
        ) room JOIN fare_classes fc ON fc.id = room.fare_class_id
    ) classes
"""


def departures(origin: str, destination: str, day: str, passengers: int) -> dict[str, Any]:
    """Return the same response as the product, field by field."""
    now = datetime.now(UTC)
    stops = connection().execute(_PLACES, _place_parameters(origin, destination)).fetchall()
    parameters = {
        "origins": _stops_of(stops, origin),
        "destinations": _stops_of(stops, destination),
        "day": day,
        "now": now,
    }
    best: dict[int, dict[str, Any]] = {}
    for row in connection().execute(_DEPARTURES, parameters).fetchall():
        result = _result(row, passengers)
        # A coach may call at several stops of a city: the shortest ride counts.
        if result and (row[0] not in best or _ride_time(result) < _ride_time(best[row[0]])):
            best[row[0]] = result
    ordered = sorted(best.values(), key=lambda result: (result["departure_time"], result["id"]))
    return {"results": ordered[:20], "count": len(ordered), "next": None, "previous": None}


def _place_parameters(origin: str, destination: str) -> dict[str, Any]:
    return {"codes": [origin.upper(), destination.upper()], "cities": [origin.lower(), destination.lower()]}


def _stops_of(stops: list[tuple[Any, ...]], place: str) -> list[int]:
    """Return the stop with that code, else all stops of that city."""
    by_code = [stop for stop, code, _ in stops if code == place.upper()]
    return by_code or [stop for stop, _, city in stops if city == place.lower()]


def _result(row: tuple[Any, ...], passengers: int) -> dict[str, Any] | None:
    classes = sorted(
        ((row[11] * percent + 50) // 100, code, name, free)
        for code, name, percent, free in row[13]
        if free >= passengers
    )
    if not classes:
        return None
    fare_classes = [
        {"code": code, "name": name, "price": _money(price), "available_seats": free}
        for price, code, name, free in classes
    ]
    return {
        "id": row[0],
        "route_name": row[1],
        "origin": row[2],
        "origin_name": row[3],
        "destination": row[5],
        "destination_name": row[6],
        "bus_number": row[8],
        "amenities": row[14],
        "departure_time": row[9].astimezone(ZoneInfo(row[4])),
        "arrival_time": row[10].astimezone(ZoneInfo(row[7])),
        "duration_minutes": (row[10] - row[9]) // timedelta(minutes=1),
        "price": fare_classes[0]["price"],
        "currency": row[12],
        "available_seats": fare_classes[0]["available_seats"],
        "fare_classes": fare_classes,
    }


def _ride_time(result: dict[str, Any]) -> timedelta:
    ride: timedelta = result["arrival_time"] - result["departure_time"]
    return ride


def _money(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02}"
