"""Merges routes into the network: one for each stop pattern, priced by distance where no fare applies."""

from falconbus.gtfs.importing.database import analyze, execute

# The price of a known route is not touched here: fares set it, or staff, or an option (pricing.price_by_distance).
_INSERT = """
    INSERT INTO routes (name, origin_id, destination_id, base_price, currency, distance_m, duration_minutes, feed_key)
    SELECT line.name, origin.id, destination.id, 0, :currency, line.distance_m, duration.minutes, line.feed_key
    FROM feed_lines AS line
    JOIN feed_durations AS duration USING (pattern)
    JOIN feed_places AS first ON first.line = line.first_stop
    JOIN feed_places AS last ON last.line = line.last_stop
    JOIN stops AS origin ON origin.feed_key = first.feed_key
    JOIN stops AS destination ON destination.feed_key = last.feed_key
    WHERE NOT EXISTS (SELECT FROM routes WHERE routes.feed_key = line.feed_key)
    ORDER BY line.pattern
    RETURNING id
"""

# A route without timetables of its feed had left it, and is back; one that has some was taken off sale by a person.
_UPDATE = """
    UPDATE routes SET name = now.name, distance_m = now.distance_m, duration_minutes = now.minutes, active = now.active
    FROM (
        SELECT routes.id, line.name, line.distance_m, duration.minutes, routes.active OR NOT EXISTS (
                   SELECT FROM timetables WHERE timetables.route_id = routes.id AND timetables.active) AS active
        FROM routes JOIN feed_lines AS line USING (feed_key) JOIN feed_durations AS duration USING (pattern)
    ) AS now
    WHERE routes.id = now.id AND (routes.name, routes.distance_m, routes.duration_minutes, routes.active)
          IS DISTINCT FROM (now.name, now.distance_m, now.minutes, now.active)
"""

_DURATIONS = """
    CREATE TEMPORARY TABLE feed_durations ON COMMIT DROP AS
    SELECT pattern, min(arrivals[cardinality(arrivals)]) AS minutes FROM feed_timetables GROUP BY pattern
"""

_LINK = """
    CREATE TEMPORARY TABLE feed_route_ids ON COMMIT DROP AS
    SELECT line.pattern, routes.id AS route_id, routes.id = ANY (:new) AS is_new
    FROM feed_lines AS line JOIN feed_durations USING (pattern) JOIN routes USING (feed_key)
"""

_STOPS = """
    INSERT INTO route_stops (route_id, position, stop_id, distance_m)
    SELECT link.route_id, call.position, stops.id, call.distance_m
    FROM feed_pattern_stops AS call
    JOIN feed_route_ids AS link USING (pattern)
    JOIN feed_places AS place ON place.line = call.stop
    JOIN stops USING (feed_key)
    ON CONFLICT (route_id, position) DO UPDATE SET distance_m = excluded.distance_m
    WHERE route_stops.distance_m <> excluded.distance_m
"""

_GONE = """
    UPDATE routes SET active = false
    WHERE active AND starts_with(feed_key, :feed || ':')
      AND NOT EXISTS (SELECT FROM feed_route_ids WHERE route_id = routes.id)
"""


def merge_routes(feed: str, currency: str) -> int:
    """Add new routes with their stops, update known ones, and take those that are gone off sale."""
    execute(_DURATIONS)
    new = list(execute(_INSERT, currency=currency).scalars())
    execute(_UPDATE)
    execute(_LINK, new=new)
    analyze("feed_route_ids")
    execute(_STOPS)
    execute(_GONE, feed=feed)
    return int(execute("SELECT count(*) FROM feed_route_ids").scalar_one())
