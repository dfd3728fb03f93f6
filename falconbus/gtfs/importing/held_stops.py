"""Where those who hold tickets board and alight, and the routes of the feed that serve these stops in that order.

A stop put in or taken out makes another route of ours. What was sold goes with its coach to that route: positions of
its journeys and legs of its seats are counted anew.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from falconbus.gtfs.importing.database import analyze, copy_rows, execute
from falconbus.platform.kit import clock

#: Joins to `journey`: its booking is alive and one of its tickets too.
HOLDERS = """
    JOIN bookings AS booking ON booking.id = journey.booking_id AND booking.status IN ('held', 'confirmed')
    JOIN (SELECT DISTINCT booking_id, journey_number FROM tickets WHERE status <> 'cancelled') AS ticket
        ON ticket.booking_id = journey.booking_id AND ticket.journey_number = journey.number
"""
# A hold that has run out may be paid for yet. Where nobody holds a ticket (crew only) the coach's ends count.
_HELD = """
    CREATE TEMPORARY TABLE feed_held ON COMMIT DROP AS
    SELECT unsure.id, unsure.route_id, coalesce(held.positions, ARRAY[0, ends.last]) AS positions
    FROM feed_unsure AS unsure
    JOIN schedules ON schedules.id = unsure.id AND schedules.cancelled_at IS NULL
    CROSS JOIN LATERAL (
        SELECT max(position)::int AS last FROM route_stops WHERE route_stops.route_id = unsure.route_id) AS ends
    LEFT JOIN LATERAL (
        SELECT array_agg(DISTINCT call.position::int ORDER BY call.position::int) AS positions
        FROM journeys AS journey
        JOIN bookings AS booking ON booking.id = journey.booking_id
            AND booking.status IN ('held', 'confirmed', 'expired')
        CROSS JOIN LATERAL (
            VALUES (journey.origin_position), (journey.destination_position)) AS call (position)
        WHERE journey.schedule_id = unsure.id AND EXISTS (
            SELECT FROM tickets WHERE tickets.booking_id = journey.booking_id
                AND tickets.journey_number = journey.number AND tickets.status <> 'cancelled')
    ) AS held ON true
"""
_ROUTES = """
    SELECT route_id, route_id IN (SELECT route_id FROM feed_route_ids) AS is_of_feed,
           array_agg(stop_id ORDER BY position) AS stops
    FROM route_stops
    WHERE route_id IN (SELECT route_id FROM feed_route_ids UNION ALL SELECT route_id FROM feed_held)
    GROUP BY route_id
"""
_COLUMNS = ("former_route_id", "held", "route_id", "positions")
_REROUTED = """
    CREATE TEMPORARY TABLE feed_rerouted ON COMMIT DROP AS
    SELECT kept.schedule_id, fit.held, fit.positions
    FROM feed_kept AS kept
    JOIN feed_held AS held ON held.id = kept.schedule_id
    JOIN timetables AS timetable ON timetable.id = kept.timetable_id AND timetable.route_id <> held.route_id
    JOIN feed_fits AS fit ON fit.former_route_id = held.route_id AND fit.held = held.positions
        AND fit.route_id = timetable.route_id
"""
# A hold that has run out may have lost a part of its legs to another booking: it claims them anew if it is paid for.
_CLAIMS = """
    CREATE TEMPORARY TABLE feed_claims ON COMMIT DROP AS
    SELECT DISTINCT claim.schedule_id, anew.leg, claim.seat_number, claim.booking_id, claim.held_until
    FROM feed_rerouted AS rerouted
    JOIN journeys AS journey USING (schedule_id)
    JOIN seat_claims AS claim ON claim.schedule_id = journey.schedule_id AND claim.booking_id = journey.booking_id
        AND claim.leg >= journey.origin_position AND claim.leg < journey.destination_position
    CROSS JOIN LATERAL generate_series(
        rerouted.positions[array_position(rerouted.held, journey.origin_position::int)],
        rerouted.positions[array_position(rerouted.held, journey.destination_position::int)] - 1) AS anew (leg)
    WHERE claim.held_until IS NULL OR claim.held_until > :now
"""
_DROP_CLAIMS = "DELETE FROM seat_claims WHERE schedule_id IN (SELECT schedule_id FROM feed_rerouted)"
_CLAIM = """
    INSERT INTO seat_claims (schedule_id, leg, seat_number, booking_id, held_until)
    SELECT schedule_id, leg, seat_number, booking_id, held_until FROM feed_claims ORDER BY 1, 2, 3
"""
_POSITIONS = """
    UPDATE journeys AS journey SET origin_position = now.origin, destination_position = now.destination
    FROM (
        SELECT journey.booking_id, journey.number,
               rerouted.positions[array_position(rerouted.held, journey.origin_position::int)] AS origin,
               rerouted.positions[array_position(rerouted.held, journey.destination_position::int)] AS destination
        FROM feed_rerouted AS rerouted JOIN journeys AS journey USING (schedule_id)
    ) AS now
    WHERE journey.booking_id = now.booking_id AND journey.number = now.number
      AND now.origin IS NOT NULL AND now.destination IS NOT NULL
"""


def find_fits() -> None:
    """Fill feed_held (positions that travellers of feed_unsure use) and feed_fits (where routes of the feed have them).

    A route fits itself at the same positions.
    """
    execute(_HELD)
    execute(
        "CREATE TEMPORARY TABLE feed_fits (former_route_id int, held int[], route_id int, positions int[])"
        " ON COMMIT DROP"
    )
    wanted = execute("SELECT DISTINCT route_id, positions FROM feed_held").all()
    if wanted:
        copy_rows("feed_fits", _COLUMNS, list(_fits([(row.route_id, row.positions) for row in wanted])))
    analyze("feed_held", "feed_fits")


def count_anew() -> None:
    """Give the journeys and seats of feed_kept that are on another route now its positions and legs."""
    execute(_REROUTED)
    execute(_CLAIMS, now=clock.now())
    for statement in (_DROP_CLAIMS, _CLAIM, _POSITIONS):
        execute(statement)


def positions_in(stops: Sequence[int], wanted: Sequence[int]) -> list[int] | None:
    """Return where a route has the wanted stops, in their order, each as early as it can be; None when it has not."""
    positions: list[int] = []
    for stop in wanted:
        try:
            positions.append(stops.index(stop, positions[-1] + 1 if positions else 0))
        except ValueError:
            return None
    return positions


def _fits(wanted: Sequence[tuple[int, list[int]]]) -> Iterator[tuple[int, list[int], int, list[int]]]:
    stops_of: dict[int, list[int]] = {}
    routes_at: dict[int, set[int]] = defaultdict(set)
    for row in execute(_ROUTES):
        stops_of[row.route_id] = row.stops
        for stop in row.stops if row.is_of_feed else ():
            routes_at[stop].add(row.route_id)
    for former, held in wanted:
        yield former, held, former, held
        stops = [stops_of[former][position] for position in held]
        for route in sorted(set.intersection(*(routes_at[stop] for stop in stops)) - {former}):
            positions = positions_in(stops_of[route], stops)
            if positions is not None:
                yield former, held, route, positions
