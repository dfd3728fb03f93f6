"""The read of rides that can be searched for."""

from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import DateTime, bindparam, text

from falconbus.platform.database.engine import db

# Only some routes, and of each only the next departures: a large network is not read to ask it a few questions.
_RIDES = text("""
    SELECT DISTINCT o.code AS origin, d.code AS destination,
        ((next.departure_time + make_interval(mins => next.minutes)) AT TIME ZONE o.time_zone)::date AS day
    FROM (
        SELECT id, origin_id, destination_id FROM routes
        WHERE active AND origin_id <> destination_id AND EXISTS (
            SELECT FROM schedules s WHERE s.route_id = routes.id AND s.active AND s.departure_time > :begin)
        ORDER BY random() LIMIT 100
    ) r
    JOIN stops o ON o.id = r.origin_id
    JOIN stops d ON d.id = r.destination_id
    CROSS JOIN LATERAL (
        SELECT s.departure_time, t.departures[1] AS minutes
        FROM schedules s JOIN timetables t ON t.id = s.timetable_id
        WHERE s.route_id = r.id AND s.active AND s.departure_time > :begin
            AND t.boards[1] AND t.alights[cardinality(t.alights)]
        ORDER BY s.departure_time LIMIT 10
    ) next
""").bindparams(bindparam("begin", type_=DateTime(timezone=True)))
_SOON = timedelta(hours=1)


class Ride(msgspec.Struct, frozen=True):
    """Two stops, by code, and a local day on which a bus goes between them."""

    origin: str
    destination: str
    day: date


def rides(now: datetime) -> list[Ride]:
    """Return future rides, from the first stop of a route to its last."""
    return [
        Ride(row.origin, row.destination, row.day) for row in db.session.execute(_RIDES, {"begin": now + _SOON}).all()
    ]
