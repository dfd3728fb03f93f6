"""The reads of search: one statement for the places, one for the departures."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, bindparam, text
from sqlalchemy.types import DateTime

from falconbus.extensions import db

_STOPS = text("""
    SELECT code, name, city FROM stops
    WHERE CAST(:words AS text) IS NULL OR search_document @@ CAST(:words AS tsquery)
    ORDER BY (code = upper(:text)) DESC, name, id
    LIMIT :limit OFFSET :offset
""")

# The expression on the right is that of stops.city_key, whose index serves.
_PLACES = text(r"""
    SELECT asked.side, s.id, s.code = upper(asked.place) AS by_code, s.time_zone
    FROM (VALUES ('origin', CAST(:origin AS text)), ('destination', CAST(:destination AS text))) AS asked(side, place)
    JOIN stops s ON s.code = upper(asked.place)
        OR s.city_key = lower(regexp_replace(normalize(asked.place, NFKD), '[\u0300-\u036f]', '', 'g'))
""")

# Every departure on the day, for each pair of calls that fits, with the seats taken on the legs between, by class.
# The day is the local one at the boarding stop; timetables are few, their schedules come from one index range each.
_DEPARTURES = text("""
    WITH pairs AS MATERIALIZED (
        SELECT t.id AS timetable_id, r.name AS route_name, r.base_price, r.currency, r.distance_m AS route_distance_m,
            os.code AS origin, os.name AS origin_name, os.time_zone AS origin_zone,
            ds.code AS destination, ds.name AS destination_name, ds.time_zone AS destination_zone,
            o.position AS origin_position, d.position AS destination_position,
            d.distance_m - o.distance_m AS distance_m, f.price AS set_price,
            make_interval(mins => t.departures[o.position + 1]) AS until_departure,
            make_interval(mins => t.arrivals[d.position + 1]) AS until_arrival,
            CAST(:day AS timestamp) AT TIME ZONE os.time_zone AS day_begins,
            (CAST(:day AS timestamp) + interval '1 day') AT TIME ZONE os.time_zone AS day_ends
        FROM route_stops o
        JOIN route_stops d ON d.route_id = o.route_id AND d.position > o.position
        JOIN routes r ON r.id = o.route_id AND r.active
        JOIN timetables t ON t.route_id = o.route_id AND t.boards[o.position + 1] AND t.alights[d.position + 1]
        JOIN stops os ON os.id = o.stop_id
        JOIN stops ds ON ds.id = d.stop_id
        LEFT JOIN segment_fares f ON f.route_id = o.route_id AND f.origin_position = o.position
            AND f.destination_position = d.position
        WHERE o.stop_id = ANY(CAST(:origins AS integer[])) AND d.stop_id = ANY(CAST(:destinations AS integer[]))
    ), room AS MATERIALIZED (
        SELECT layout_id, fare_class_id, count(*) AS seats FROM seats GROUP BY layout_id, fare_class_id
    )
    SELECT s.id, p.*, b.number AS bus_number, s.departure_time + p.until_departure AS departs_at,
        s.departure_time + p.until_arrival AS arrives_at, classes.fare_classes
    FROM pairs p
    JOIN schedules s ON s.timetable_id = p.timetable_id AND s.active
        AND s.departure_time >= greatest(p.day_begins, :now) - p.until_departure
        AND s.departure_time < p.day_ends - p.until_departure
    JOIN buses b ON b.id = s.bus_id
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(fc.code, fc.name, fc.price_percent,
            room.seats - coalesce(taken.seats, 0))) AS fare_classes
        FROM room
        JOIN fare_classes fc ON fc.id = room.fare_class_id
        LEFT JOIN (
            SELECT seat.fare_class_id, count(DISTINCT c.seat_number) AS seats
            FROM seat_claims c JOIN seats seat ON seat.layout_id = b.layout_id AND seat.number = c.seat_number
            WHERE c.schedule_id = s.id AND c.leg >= p.origin_position AND c.leg < p.destination_position
                AND (c.held_until IS NULL OR c.held_until > :now)
            GROUP BY seat.fare_class_id
        ) taken ON taken.fare_class_id = room.fare_class_id
        WHERE room.layout_id = b.layout_id
    ) classes
""").bindparams(bindparam("now", type_=DateTime(timezone=True)))

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


def stops(words: str | None, typed: str, *, limit: int, offset: int) -> Sequence[Row[Any]]:
    """Stops whose code, name or city has a word beginning with each of `words` (a tsquery); None for all."""
    parameters = {"words": words, "text": typed, "limit": limit, "offset": offset}
    return db.session.execute(_STOPS, parameters).all()


def places(origin: str, destination: str) -> Sequence[Row[Any]]:
    """The stops that each side names, by code or by city."""
    return db.session.execute(_PLACES, {"origin": origin, "destination": destination}).all()


def departures(origins: list[int], destinations: list[int], day: date, now: datetime) -> Sequence[Row[Any]]:
    """Departures still to come on the local `day`, a row for each pair of calls that fits."""
    parameters = {"origins": origins, "destinations": destinations, "day": day, "now": now}
    return db.session.execute(_DEPARTURES, parameters).all()


def calls(schedule_id: int) -> Sequence[Row[Any]]:
    """The stops of a schedule in order, with their times and what is common to them all."""
    return db.session.execute(_CALLS, {"schedule_id": schedule_id}).all()
