"""Merges stops into the network: new ones get a code, known ones keep theirs."""

from falconbus.gtfs.importing.database import copy_rows, execute
from falconbus.gtfs.importing.stop_codes import StopCodes
from falconbus.network.service import fold_stops

_NEW = """
    SELECT place.line, place.stop_code, place.name FROM feed_places AS place
    WHERE NOT EXISTS (SELECT FROM stops WHERE stops.feed_key = place.feed_key) ORDER BY place.line
"""

_INSERT = """
    INSERT INTO stops (code, name, city, description, latitude, longitude, time_zone, feed_key)
    SELECT code, name, city, description, latitude, longitude, time_zone, feed_key
    FROM feed_places JOIN feed_codes USING (line) ORDER BY line
    RETURNING id, code, name, city
"""

# A city that was corrected by hand stays: it follows the name only if it was derived from the old one.
_UPDATE = """
    UPDATE stops SET name = now.name, latitude = now.latitude, longitude = now.longitude,
        time_zone = now.time_zone, city = now.city, description = now.description
    FROM (
        SELECT stops.id, place.name, place.latitude, place.longitude, place.time_zone,
               CASE WHEN stops.city IN (trim(split_part(stops.name, ',', 1)),
                                        trim((regexp_split_to_array(stops.name, ',| [-–—] '))[1]))
                    THEN place.city ELSE stops.city END AS city,
               coalesce(nullif(place.description, ''), stops.description) AS description
        FROM stops JOIN feed_places AS place USING (feed_key)
    ) AS now
    WHERE stops.id = now.id
      AND (stops.name, stops.latitude, stops.longitude, stops.time_zone, stops.city, stops.description)
          IS DISTINCT FROM (now.name, now.latitude, now.longitude, now.time_zone, now.city, now.description)
    RETURNING stops.id, stops.code, stops.name, stops.city
"""


def merge_stops() -> int:
    """Add the new stops, update the known ones, and return the number of stops in the feed."""
    new = execute(_NEW).all()
    codes = StopCodes(set(execute("SELECT code FROM stops").scalars()))
    # The feed's own codes are allocated first, so that none made here takes one of them.
    feed_codes = {row.line: codes.take(row.stop_code) for row in new}
    chosen = [(row.line, feed_codes[row.line] or codes.make(row.name)) for row in new]
    execute("CREATE TEMPORARY TABLE feed_codes (line int, code text) ON COMMIT DROP")
    copy_rows("feed_codes", ("line", "code"), chosen)
    fold_stops([*execute(_INSERT), *execute(_UPDATE)])
    return int(execute("SELECT count(*) FROM feed_places").scalar_one())
