"""Departures whose travellers have yet to be told: in as many statements for one booking as for hundreds."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from falconbus.platform.database.engine import AnyRow, db

# A feed may give another bus to a hundred thousand departures that nobody has booked.
_FORGET = text("""
    UPDATE schedules SET told_bus_number = NULL, untold_since = NULL
    WHERE told_bus_number IS NOT NULL AND NOT EXISTS (SELECT FROM journeys j WHERE j.schedule_id = schedules.id)
""")
_UNTOLD = text("SELECT id FROM schedules WHERE told_bus_number IS NOT NULL ORDER BY id LIMIT :limit")
_LOCK = text("SELECT id FROM schedules WHERE id = :id AND told_bus_number IS NOT NULL FOR NO KEY UPDATE")
_JOURNEYS = text("""
    SELECT * FROM (
        SELECT j.booking_id, j.number, b.status, b.email, j.departs_at, j.arrives_at,
            CASE WHEN b.created_at < s.untold_since THEN s.told_bus_number ELSE bus.number END AS told_bus_number,
            bus.number AS bus_number,
            s.departure_time + make_interval(mins => t.departures[j.origin_position + 1]) AS now_departs_at,
            s.departure_time + make_interval(mins => t.arrivals[j.destination_position + 1]) AS now_arrives_at
        FROM journeys j
        JOIN bookings b ON b.id = j.booking_id
        JOIN schedules s ON s.id = j.schedule_id
        JOIN timetables t ON t.id = s.timetable_id
        JOIN buses bus ON bus.id = s.bus_id
        WHERE j.schedule_id = :schedule_id AND s.cancelled_at IS NULL
            AND b.status IN ('held', 'confirmed', 'expired')
            AND EXISTS (SELECT FROM tickets x WHERE x.booking_id = j.booking_id AND x.journey_number = j.number
                        AND x.status <> 'cancelled')
    ) AS ride
    WHERE greatest(departs_at, now_departs_at) > :now
        AND (departs_at <> now_departs_at OR arrives_at <> now_arrives_at OR told_bus_number <> bus_number)
    ORDER BY booking_id, number
""")
# What was sold is kept when the times first differ from it.
_MOVE = text("""
    UPDATE journeys j SET
        sold_departs_at = CASE WHEN moved.is_retimed THEN coalesce(j.sold_departs_at, j.departs_at)
                               ELSE j.sold_departs_at END,
        sold_arrives_at = CASE WHEN moved.is_retimed THEN coalesce(j.sold_arrives_at, j.arrives_at)
                               ELSE j.sold_arrives_at END,
        departs_at = moved.departs_at, arrives_at = moved.arrives_at, revision = j.revision + 1
    FROM (
        SELECT u.*, was.departs_at <> u.departs_at OR was.arrives_at <> u.arrives_at AS is_retimed
        FROM unnest(CAST(:bookings AS bigint[]), CAST(:numbers AS smallint[]), CAST(:departures AS timestamptz[]),
            CAST(:arrivals AS timestamptz[])) AS u (booking_id, number, departs_at, arrives_at)
        JOIN journeys was ON was.booking_id = u.booking_id AND was.number = u.number
    ) AS moved
    WHERE j.booking_id = moved.booking_id AND j.number = moved.number
""")
_CLEAR = text("UPDATE schedules SET told_bus_number = NULL, untold_since = NULL WHERE id = :id")


def untold_departures(limit: int) -> Sequence[int]:
    """Return booked departures whose bus or times have changed since their travellers were told of them."""
    db.session.execute(_FORGET)
    return db.session.scalars(_UNTOLD, {"limit": limit}).all()


def lock_untold(schedule_id: int) -> bool:
    """Lock such a departure; False when somebody else has told of it meanwhile."""
    return db.session.scalar(_LOCK, {"id": schedule_id}) is not None


def changed_journeys(schedule_id: int, now: datetime) -> Sequence[AnyRow]:
    """Return the journeys whose coach or times are not what their travellers know; none of a cancelled departure."""
    return db.session.execute(_JOURNEYS, {"schedule_id": schedule_id, "now": now}).all()


def note_told(schedule_id: int, journeys: Sequence[AnyRow]) -> None:
    """Give journeys the times of their departure, and note that nothing is left to be told of it."""
    values = {
        "bookings": [row.booking_id for row in journeys],
        "numbers": [row.number for row in journeys],
        "departures": [row.now_departs_at for row in journeys],
        "arrivals": [row.now_arrives_at for row in journeys],
    }
    db.session.execute(_MOVE, values)
    db.session.execute(_CLEAR, {"id": schedule_id})
