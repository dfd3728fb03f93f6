"""Merges stops into the network: new ones get a code, known ones keep theirs."""

from falconbus.gtfs.importing.database import copy_rows, execute
from falconbus.gtfs.importing.stop_codes import StopCodes

_NEW = """
    SELECT place.line, place.stop_code, place.name FROM feed_places AS place
    WHERE NOT EXISTS (SELECT FROM stops WHERE stops.feed_key = place.feed_key) ORDER BY place.line
"""

_INSERT = """
    INSERT INTO stops (code, name, city, latitude, longitude, time_zone, feed_key)
    SELECT code, name, city, latitude, longitude, time_zone, feed_key
    FROM feed_places JOIN feed_codes USING (line) ORDER BY line
"""

# A city that was corrected by hand stays: it follows the new name only if it was derived from the old one.
_UPDATE = """
    UPDATE stops SET name = place.name, latitude = place.latitude, longitude = place.longitude,
        time_zone = place.time_zone,
        city = CASE WHEN stops.city = trim(split_part(stops.name, ',', 1)) THEN place.city ELSE stops.city END
    FROM feed_places AS place
    WHERE stops.feed_key = place.feed_key
      AND (stops.name, stops.latitude, stops.longitude, stops.time_zone)
          IS DISTINCT FROM (place.name, place.latitude, place.longitude, place.time_zone)
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
    execute(_INSERT)
    execute(_UPDATE)
    return int(execute("SELECT count(*) FROM feed_places").scalar_one())
