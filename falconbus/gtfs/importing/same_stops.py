"""Which of a network's stops a feed's are: by name and place before ids, and never another one under sold tickets."""

from falconbus.gtfs.errors import UnsureNetwork
from falconbus.gtfs.importing.database import analyze, execute
from falconbus.gtfs.importing.keys import rekey
from falconbus.gtfs.importing.likeness import MOVED, ONE_PLACE, cell, cells_around, folded, metres
from falconbus.platform.kit import clock

_LISTED = 5
_SAME_NAME = f"{folded('known.name')} = {folded('place.name')} AND {metres('known', 'place')} <= {ONE_PLACE}"
_LEFT = """place.line NOT IN (SELECT line FROM feed_same_stops) AND known.id NOT IN (SELECT id FROM feed_same_stops)"""
# Ids first where they stand for the same place; then what was numbered anew, what was renamed, both; then what moved.
_BY_ID_AND_NAME = f"""
    CREATE TEMPORARY TABLE feed_same_stops ON COMMIT DROP AS
    SELECT place.line, known.id FROM feed_places AS place JOIN stops AS known USING (feed_key) WHERE {_SAME_NAME}
"""  # noqa: S608  parts of ours, as are the others
_NEAREST = f"""
    INSERT INTO feed_same_stops
    SELECT line, id FROM (
        SELECT place.line, known.id,
               row_number() OVER (PARTITION BY place.line ORDER BY {metres("known", "place")}, known.id) AS of_place,
               row_number() OVER (PARTITION BY known.id ORDER BY {metres("known", "place")}, place.line) AS of_stop
        FROM feed_places AS place {{join}} AND starts_with(known.feed_key, :feed || ':')
        WHERE {_LEFT}
    ) AS near WHERE of_place = 1 AND of_stop = 1
"""  # noqa: S608
_BY_NAME = _NEAREST.format(join=f"JOIN stops AS known ON {_SAME_NAME}")
_BY_PLACE = _NEAREST.format(
    join=f"CROSS JOIN LATERAL {cells_around('place')} JOIN stops AS known ON {cell('known')} = around.cell"
    f" AND {metres('known', 'place')} <= {MOVED}"
)
_BY_ID = f"""
    INSERT INTO feed_same_stops
    SELECT place.line, known.id FROM feed_places AS place JOIN stops AS known USING (feed_key) WHERE {_LEFT}
"""  # noqa: S608
_BY_ID_AND_PLACE = f"{_BY_ID} AND {metres('known', 'place')} <= {ONE_PLACE}"
_WANTED = "SELECT same.id, place.feed_key FROM feed_places AS place LEFT JOIN feed_same_stops AS same USING (line)"
_SOLD = f"""
    SELECT known.name AS known_name, place.name, {metres("known", "place")} AS metres, place.time_zone, sold.tickets,
           known.time_zone <> place.time_zone AS in_another_zone, count(*) OVER () AS found
    FROM feed_same_stops AS same
    JOIN feed_places AS place USING (line)
    JOIN stops AS known ON known.id = same.id
    JOIN (
        SELECT stop.id, count(*) AS tickets
        FROM journeys AS journey
        JOIN bookings AS booking ON booking.id = journey.booking_id AND booking.status IN ('held', 'confirmed')
        JOIN tickets AS ticket ON ticket.booking_id = journey.booking_id AND ticket.journey_number = journey.number
            AND ticket.status <> 'cancelled'
        CROSS JOIN LATERAL (VALUES (journey.origin_id), (journey.destination_id)) AS stop (id)
        WHERE journey.arrives_at > :now GROUP BY stop.id
    ) AS sold ON sold.id = known.id
    WHERE {folded("known.name")} <> {folded("place.name")} OR {metres("known", "place")} > {MOVED}
       OR known.time_zone <> place.time_zone
    ORDER BY place.line LIMIT {_LISTED}
"""  # noqa: S608


def match_stops(feed: str, *, is_same_network: bool) -> None:
    """Give the network's stops the keys that the feed has for them now.

    UnsureNetwork when one for which tickets are sold would get another name or place, unless it is said that the
    network is the same.
    """
    execute(_BY_ID_AND_NAME)
    analyze("feed_same_stops")
    execute(_BY_NAME, feed=feed)
    execute(_BY_ID_AND_PLACE)
    analyze("feed_same_stops")
    execute(_BY_PLACE, feed=feed)
    execute(_BY_ID)
    analyze("feed_same_stops")
    if not is_same_network:
        _check_sold()
    rekey("stops", feed, _WANTED)


def _check_sold() -> None:
    rows = execute(_SOLD, now=clock.now()).all()
    if not rows:
        return
    changes = []
    for row in rows:
        zone = f", in the time zone {row.time_zone}" if row.in_another_zone else ""
        changes.append(f"{row.known_name} ({row.tickets} tickets) is {row.name}, {row.metres:,.0f} m away{zone}")
    raise UnsureNetwork(
        f"{rows[0].found} stops for which tickets are sold have another name or place in this feed:"
        f" {'; '.join(changes)}{'; ...' if rows[0].found > _LISTED else ''}. If these are the same stops, say"
        f" --same-network (in an upload: same_network=true); if not, mend the feed, or give it a name of its own with"
        f" --feed (name)"
    )
