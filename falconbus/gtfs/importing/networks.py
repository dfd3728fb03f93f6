"""Which network a feed is a version of: compared by the names and places of its stops, and by its rides.

Names of feeds come from agencies, and those are called `1` in many places; a firm that is renamed, or one that writes
its agencies in another order, has another name and the same coaches.
"""

from dataclasses import dataclass
from typing import Any

from falconbus.gtfs.errors import UnsureNetwork
from falconbus.gtfs.importing.database import analyze, execute
from falconbus.gtfs.importing.likeness import ONE_PLACE, folded, metres
from falconbus.gtfs.options import ImportOptions
from falconbus.gtfs.report import Report

_LISTED = 3
_KNOWN = f"""
    CREATE TEMPORARY TABLE feed_known ON COMMIT DROP AS
    SELECT id, split_part(feed_key, ':', 1) AS network, substr(feed_key, strpos(feed_key, ':') + 1) AS stop_id,
           name, {folded("name")} AS folded, latitude, longitude
    FROM stops WHERE feed_key IS NOT NULL
"""  # noqa: S608  parts of ours, as are the others
_SERVED = f"""
    CREATE TEMPORARY TABLE feed_served ON COMMIT DROP AS
    SELECT line, stop_id, stop_name AS name, {folded("stop_name")} AS folded,
           stop_lat::float8 AS latitude, stop_lon::float8 AS longitude
    FROM feed_stops WHERE line IN (SELECT stop FROM feed_calls)
"""  # noqa: S608
_ALIKE = f"""
    CREATE TEMPORARY TABLE feed_alike ON COMMIT DROP AS
    SELECT known.network, known.id, served.line FROM feed_known AS known JOIN feed_served AS served USING (folded)
    WHERE {metres("known", "served")} <= {ONE_PLACE}
    UNION
    SELECT known.network, known.id, served.line FROM feed_known AS known JOIN feed_served AS served USING (stop_id)
    WHERE {metres("known", "served")} <= {ONE_PLACE}
"""  # noqa: S608
_NETWORKS = """
    SELECT known.network, least(known.stops, (SELECT count(*) FROM feed_served)) AS stops,
           coalesce(least(alike.known, alike.served), 0) AS alike,
           (SELECT count(*) FROM feed_known JOIN feed_served USING (stop_id)
            WHERE feed_known.network = known.network) AS common_ids
    FROM (SELECT network, count(*) AS stops FROM feed_known GROUP BY network) AS known
    LEFT JOIN (SELECT network, count(DISTINCT id) AS known, count(DISTINCT line) AS served
               FROM feed_alike GROUP BY network) AS alike USING (network)
    ORDER BY alike DESC, network
"""
_DIFFERENT = f"""
    SELECT stop_id, known.name AS known_name, served.name, {metres("known", "served")} / 1000 AS km
    FROM feed_known AS known JOIN feed_served AS served USING (stop_id)
    WHERE known.network = :network
      AND NOT EXISTS (SELECT FROM feed_alike AS alike WHERE alike.id = known.id AND alike.line = served.line)
    ORDER BY served.line LIMIT {_LISTED}
"""  # noqa: S608
# A ride is the same when it leaves where and when one of the network's does, and has as many stops to the same end.
_COMMON_RIDES = """
    WITH ride AS (
        SELECT trip, (array_agg(stop ORDER BY position))[1] AS first,
               (array_agg(stop ORDER BY position DESC))[1] AS last, min(departure) / 60 AS minute, count(*) AS stops
        FROM feed_calls GROUP BY trip
    ), known AS (
        SELECT routes.origin_id, routes.destination_id, timetable.departure_minutes, cardinality(arrivals) AS stops
        FROM timetables AS timetable JOIN routes ON routes.id = timetable.route_id
        WHERE timetable.active AND starts_with(timetable.feed_key, :network || ':')
    )
    SELECT least((SELECT count(*) FROM ride), (SELECT count(*) FROM known)) AS rides, count(DISTINCT trip) AS common
    FROM ride
    JOIN feed_alike AS origin ON origin.line = ride.first AND origin.network = :network
    JOIN feed_alike AS destination ON destination.line = ride.last AND destination.network = :network
    JOIN known ON known.origin_id = origin.id AND known.destination_id = destination.id
        AND known.departure_minutes = ride.minute AND known.stops = ride.stops
"""


@dataclass(frozen=True)
class _Network:
    """A network that is here: of so many `stops` that could be the same as the feed's, so many are `alike`."""

    network: str
    stops: int
    alike: int
    common_ids: int

    @property
    def is_alike(self) -> bool:
        return self.alike * 2 >= self.stops

    @property
    def likeness(self) -> str:
        return (
            f"{self.alike} of {self.stops} stops have the same name or id at the same place,"
            f" {self.common_ids} ids are in both"
        )


def choose_network(derived_name: str, options: ImportOptions, report: Report) -> str:
    """Return the name of the network that the feed is a version of, or a new one; UnsureNetwork when it may be either.

    Half of the stops must be alike for that, and for another name than its own half of the rides too.
    """
    name = options.feed or derived_name
    networks = _compare()
    own = next((each for each in networks if each.network == name), None)
    if own is not None and own.is_alike:
        return name
    others = [each for each in networks if each.is_alike and each is not own]
    if options.feed is None and not options.another_network:
        for other in others:
            if (options.same_network and own is None) or _has_its_rides(other):
                report.note(f"it is taken as a newer version of {other.network}: {other.likeness}")
                return other.network
    if own is not None and not options.same_network:
        raise UnsureNetwork(_is_taken(own))
    if own is None and others and not options.another_network:
        raise UnsureNetwork(_is_double(others[0], name))
    return name


def _compare() -> list[_Network]:
    """Return the networks that are here, the most alike first."""
    if not execute("SELECT EXISTS (SELECT FROM stops WHERE feed_key IS NOT NULL)").scalar_one():
        return []
    execute(_KNOWN)
    execute(_SERVED)
    analyze("feed_known", "feed_served")
    execute(_ALIKE)
    return [_Network(**row) for row in execute(_NETWORKS).mappings()]


def _has_its_rides(network: _Network) -> bool:
    row = execute(_COMMON_RIDES, network=network.network).one()
    return bool(row.common * 2 >= row.rides > 0)


def _is_taken(own: _Network) -> str:
    different = "; ".join(map(_describe, execute(_DIFFERENT, network=own.network)))
    return (
        f"a network named {own.network} is here, and this feed does not look like its next version: {own.likeness}"
        f"{f' ({different})' if different else ''}. If it is another network, give it a name of its own with --feed"
        f" (in an upload: name); if it is the next version, say --same-network (same_network=true), and the stops get"
        f" this feed's names and places"
    )


def _is_double(other: _Network, name: str) -> str:
    return (
        f"this feed looks like the network {other.network}, which is here: {other.likeness}. As {name} its coaches"
        f" would be on sale a second time. If it is its next version, say --feed {other.network} (in an upload:"
        f" name={other.network}); if it is another network, say --another-network (another_network=true)"
    )


def _describe(row: Any) -> str:
    return f"{row.stop_id} is {row.known_name} there and {row.name} here, {row.km:,.0f} km away"
