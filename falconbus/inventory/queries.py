"""Reads of segments and their seats."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, text
from sqlalchemy.types import DateTime

from falconbus.platform.database.driver_reads import driver_read
from falconbus.platform.database.engine import AnyRow, db

# A row for each pair of calls that fits the asked stops: a stop may come twice. Columns of the schedule are NULL when
# it does not exist, positions when it does not call there.
_SEGMENTS = text("""
    SELECT asked.number, s.id AS schedule_id, s.active AND r.active AS on_sale, r.name AS route_name,
        b.number AS bus, s.bus_id, s.route_id,
        r.base_price, r.currency, r.distance_m AS route_distance_m, f.price AS set_price,
        d.distance_m - o.distance_m AS distance_m, o.position AS origin_position, d.position AS destination_position,
        o.stop_id AS origin_id, d.stop_id AS destination_id, os.time_zone AS origin_zone,
        ds.time_zone AS destination_zone, t.boards[o.position + 1] AND t.alights[d.position + 1] AS carries,
        s.departure_time + make_interval(mins => t.departures[o.position + 1]) AS departs_at,
        s.departure_time + make_interval(mins => t.arrivals[d.position + 1]) AS arrives_at,
        os.id AS asked_origin_id, os.code AS origin, os.name AS origin_name,
        ds.id AS asked_destination_id, ds.code AS destination, ds.name AS destination_name,
        seat_map.seats, classes.fare_classes
    FROM unnest(CAST(:numbers AS integer[]), CAST(:schedules AS bigint[]), CAST(:origins AS text[]),
        CAST(:destinations AS text[])) AS asked(number, schedule_id, origin, destination)
    CROSS JOIN (
        SELECT jsonb_agg(jsonb_build_array(id, code, name, price_percent, refundable, conditions)) AS fare_classes
        FROM fare_classes) classes
    LEFT JOIN schedules s ON s.id = asked.schedule_id
    LEFT JOIN routes r ON r.id = s.route_id
    LEFT JOIN timetables t ON t.id = s.timetable_id
    LEFT JOIN buses b ON b.id = s.bus_id
    LEFT JOIN stops os ON os.code = upper(asked.origin)
    LEFT JOIN stops ds ON ds.code = upper(asked.destination)
    LEFT JOIN route_stops o ON o.route_id = s.route_id AND o.stop_id = os.id
    LEFT JOIN route_stops d ON d.route_id = s.route_id AND d.stop_id = ds.id AND d.position > o.position
    LEFT JOIN segment_fares f ON f.route_id = s.route_id AND f.origin_position = o.position
        AND f.destination_position = d.position
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(seat.number, seat.row, seat."column", seat.fare_class_id,
            taken.seat_number IS NULL)) AS seats
        FROM seats seat LEFT JOIN (
            SELECT DISTINCT c.seat_number FROM seat_claims c
            WHERE c.schedule_id = s.id AND c.leg >= o.position AND c.leg < d.position
                AND (c.held_until IS NULL OR c.held_until > :now)
        ) taken ON taken.seat_number = seat.number
        WHERE seat.layout_id = b.layout_id AND d.position IS NOT NULL
    ) seat_map ON true
    ORDER BY asked.number, t.arrivals[d.position + 1] - t.departures[o.position + 1], o.position
""").bindparams(bindparam("now", type_=DateTime(timezone=True)))  # fmt: skip


def segments(requests: Sequence[tuple[int, str, str]], now: datetime) -> Sequence[AnyRow]:
    """Return rows for each requested (schedule id, origin, destination), best pair of calls first.

    `number` is the request's index.
    """
    return driver_read(
        _SEGMENTS,
        {
            "numbers": list(range(len(requests))),
            "schedules": [schedule_id for schedule_id, _, _ in requests],
            "origins": [origin for _, origin, _ in requests],
            "destinations": [destination for _, _, destination in requests],
            "now": now,
        },
    )


_LOCK_SCHEDULES = text("""
    SELECT id FROM schedules WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE
""")


def lock_schedules(schedule_ids: Sequence[int]) -> None:
    """Serialize the choice of seats on these departures until the end of the transaction."""
    db.session.execute(_LOCK_SCHEDULES, {"ids": sorted(set(schedule_ids))})
