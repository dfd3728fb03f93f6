"""The reads of search: one statement for stops or cities, one for departures."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import bindparam, column, text
from sqlalchemy.types import DateTime

from falconbus.network import folding
from falconbus.platform.database.driver_reads import driver_read
from falconbus.platform.database.engine import AnyRow, db

# Whoever types is looking for where a coach goes from or to: what no route on sale calls at is not suggested.
_STOPS = text("""
    SELECT code, name, city FROM stops
    WHERE CAST(:words AS text) IS NULL OR search_document @@ CAST(:words AS tsquery) AND EXISTS (
        SELECT FROM route_stops AS call JOIN routes ON routes.id = call.route_id AND routes.active
        WHERE call.stop_id = stops.id)
    ORDER BY (code = upper(:text)) DESC, name, id
    LIMIT :limit OFFSET :offset
""")

# OFFSET 0 keeps the planner from going through all stops for both sides at once.
_PLACES = text("""
    SELECT typed.side, s.id, s.code = typed.code AS by_code, s.time_zone
    FROM (VALUES ('origin', upper(CAST(:origin AS text)), CAST(:origin_key AS text)),
        ('destination', upper(CAST(:destination AS text)), CAST(:destination_key AS text))) typed (side, code, city_key)
    CROSS JOIN LATERAL (
        SELECT id, code, time_zone FROM stops WHERE code = typed.code OR city_key = typed.city_key OFFSET 0
    ) s
""")

# Every departure on the days, for each pair of calls that fits, with the seats taken on the legs between, by class. The
# days are the local ones at the boarding stop. Each OFFSET 0 keeps the planner from merging its subquery: whatever it
# believes of the parameters, it goes from the few pairs of calls to their timetables, and from each to one index range.
_DEPARTURES = text("""
    WITH room AS MATERIALIZED (
        SELECT layout_id, fare_class_id, count(*) AS seats FROM seats GROUP BY layout_id, fare_class_id
    )
    SELECT s.id, r.route_name, r.base_price, r.currency, r.route_distance_m, pair.distance_m, f.price AS set_price,
        os.origin, os.origin_name, os.origin_zone, ds.destination, ds.destination_name, ds.destination_zone,
        b.bus_number, b.amenities, pair.route_id, s.departure_time, s.departure_time + t.until_departure AS departs_at,
        s.departure_time + t.until_arrival AS arrives_at, classes.fare_classes
    FROM (
        SELECT o.route_id, o.position AS origin_position, d.position AS destination_position, o.stop_id AS origin_id,
            d.stop_id AS destination_id, d.distance_m - o.distance_m AS distance_m
        FROM route_stops o JOIN route_stops d ON d.route_id = o.route_id AND d.position > o.position
        WHERE o.stop_id = ANY(CAST(:origins AS integer[])) AND d.stop_id = ANY(CAST(:destinations AS integer[]))
        OFFSET 0
    ) pair
    CROSS JOIN LATERAL (
        SELECT name AS route_name, base_price, currency, distance_m AS route_distance_m
        FROM routes WHERE id = pair.route_id AND active OFFSET 0
    ) r
    CROSS JOIN LATERAL (
        SELECT code AS origin, name AS origin_name, time_zone AS origin_zone,
            CAST(:first_day AS timestamp) AT TIME ZONE time_zone AS begins,
            (CAST(:last_day AS timestamp) + interval '1 day') AT TIME ZONE time_zone AS ends
        FROM stops WHERE id = pair.origin_id OFFSET 0
    ) os
    CROSS JOIN LATERAL (
        SELECT code AS destination, name AS destination_name, time_zone AS destination_zone
        FROM stops WHERE id = pair.destination_id OFFSET 0
    ) ds
    CROSS JOIN LATERAL (
        SELECT id, make_interval(mins => departures[pair.origin_position + 1]) AS until_departure,
            make_interval(mins => arrivals[pair.destination_position + 1]) AS until_arrival
        FROM timetables
        WHERE route_id = pair.route_id AND boards[pair.origin_position + 1] AND alights[pair.destination_position + 1]
        OFFSET 0
    ) t
    CROSS JOIN LATERAL (
        SELECT id, bus_id, departure_time FROM schedules
        WHERE timetable_id = t.id AND active
            AND departure_time >= greatest(os.begins, :now) - t.until_departure
            AND departure_time < os.ends - t.until_departure
        OFFSET 0
    ) s
    CROSS JOIN LATERAL (SELECT number AS bus_number, amenities, layout_id FROM buses WHERE id = s.bus_id OFFSET 0) b
    LEFT JOIN segment_fares f ON f.route_id = pair.route_id AND f.origin_position = pair.origin_position
        AND f.destination_position = pair.destination_position
    CROSS JOIN LATERAL (
        SELECT json_agg(json_build_array(fc.code, fc.name, fc.price_percent,
            room.seats - coalesce(taken.seats, 0))) AS fare_classes
        FROM room
        JOIN fare_classes fc ON fc.id = room.fare_class_id
        LEFT JOIN (
            SELECT seat.fare_class_id, count(*) AS seats
            FROM (
                SELECT DISTINCT seat_number FROM seat_claims
                WHERE schedule_id = s.id AND leg >= pair.origin_position AND leg < pair.destination_position
                    AND (held_until IS NULL OR held_until > :now)
            ) claimed
            JOIN seats seat ON seat.layout_id = b.layout_id AND seat.number = claimed.seat_number
            GROUP BY seat.fare_class_id
        ) taken ON taken.fare_class_id = room.fare_class_id
        WHERE room.layout_id = b.layout_id
    ) classes
""").bindparams(bindparam("now", type_=DateTime(timezone=True))).columns(*map(column, (
    "id", "route_name", "base_price", "currency", "route_distance_m", "distance_m", "set_price", "origin",
    "origin_name", "origin_zone", "destination", "destination_name", "destination_zone", "bus_number", "amenities",
    "route_id", "departure_time", "departs_at", "arrives_at", "fare_classes",
)))  # fmt: skip

_CALLS = text("""
    SELECT st.code, st.name, st.city, st.time_zone, t.boards[rs.position + 1] AS boards,
        t.alights[rs.position + 1] AS alights, rs.distance_m,
        s.departure_time + make_interval(mins => t.arrivals[rs.position + 1]) AS arrives_at,
        s.departure_time + make_interval(mins => t.departures[rs.position + 1]) AS departs_at,
        r.name AS route_name, r.id AS route_id, b.number AS bus_number, b.amenities, s.active AND r.active AS on_sale
    FROM schedules s
    JOIN routes r ON r.id = s.route_id
    JOIN timetables t ON t.id = s.timetable_id
    JOIN buses b ON b.id = s.bus_id
    JOIN route_stops rs ON rs.route_id = s.route_id
    JOIN stops st ON st.id = rs.stop_id
    WHERE s.id = :schedule_id
    ORDER BY rs.position
""")


def stops(words: str | None, typed: str, *, limit: int, offset: int) -> Sequence[AnyRow]:
    """Return the served stops whose code, name or city has what `words` asks (a tsquery); None for all stops."""
    parameters = {"words": words, "text": typed, "limit": limit, "offset": offset}
    return db.session.execute(_STOPS, parameters).all()


def places(origin: str, destination: str) -> Sequence[AnyRow]:
    """Return the stops that origin and destination name, by code or by city; `side` tells which."""
    sides = {"origin": origin, "destination": destination}
    keys = {f"{side}_key": folding.place_key(place) for side, place in sides.items()}
    return driver_read(_PLACES, {**sides, **keys})


def departures(
    origins: list[int], destinations: list[int], first_day: date, last_day: date, now: datetime
) -> Sequence[AnyRow]:
    """Return future departures of these local days, a row for each matching pair of calls."""
    parameters = {"origins": origins, "destinations": destinations, "now": now}
    parameters |= {"first_day": first_day, "last_day": last_day}
    return driver_read(_DEPARTURES, parameters)


def calls(schedule_id: int) -> Sequence[AnyRow]:
    """Return the stops of a schedule in order, with times; the schedule's own columns are in every row."""
    return db.session.execute(_CALLS, {"schedule_id": schedule_id}).all()
