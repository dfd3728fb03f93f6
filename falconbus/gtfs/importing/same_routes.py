"""Which of a network's routes a feed's patterns are: those with the same stops, whatever they are called."""

from falconbus.gtfs.importing.database import execute
from falconbus.gtfs.importing.keys import rekey

_STOPS = """
    CREATE TEMPORARY TABLE feed_same_routes ON COMMIT DROP AS
    WITH pattern AS (
        SELECT call.pattern, line.feed_key, array_agg(stops.id ORDER BY call.position) AS stops
        FROM feed_pattern_stops AS call
        JOIN feed_lines AS line USING (pattern)
        JOIN feed_places AS place ON place.line = call.stop
        JOIN stops ON stops.feed_key = place.feed_key
        GROUP BY call.pattern, line.feed_key
    ), known AS (
        SELECT routes.id, routes.feed_key, routes.active, array_agg(call.stop_id ORDER BY call.position) AS stops
        FROM routes JOIN route_stops AS call ON call.route_id = routes.id
        WHERE starts_with(routes.feed_key, :feed || ':') GROUP BY routes.id
    ), named AS (
        SELECT pattern.pattern, known.id FROM pattern JOIN known USING (feed_key, stops)
    ), renamed AS (
        SELECT pattern.pattern, known.id
        FROM (SELECT *, row_number() OVER (PARTITION BY stops ORDER BY pattern) AS twin
              FROM pattern WHERE pattern NOT IN (SELECT pattern FROM named)) AS pattern
        JOIN (SELECT *, row_number() OVER (PARTITION BY stops ORDER BY active DESC, id) AS twin
              FROM known WHERE id NOT IN (SELECT id FROM named)) AS known USING (stops, twin)
    )
    SELECT pattern, id FROM named UNION ALL SELECT pattern, id FROM renamed
"""
_WANTED = "SELECT same.id, line.feed_key FROM feed_lines AS line LEFT JOIN feed_same_routes AS same USING (pattern)"


def match_routes(feed: str) -> None:
    """Give the network's routes the keys that the feed has for their stops now; its stops are merged already."""
    execute(_STOPS, feed=feed)
    rekey("routes", feed, _WANTED)
