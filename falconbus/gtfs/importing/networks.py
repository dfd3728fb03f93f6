"""Which network a feed is a version of: compared by the names and places of its stops, its rides and its agencies.

Names of feeds come from agencies' ids, and those are `1` in many places; two firms have the same terminals; a firm that
is renamed, or one that writes its agencies in another order, has another name and the same coaches.
"""

from dataclasses import dataclass
from typing import Any

from falconbus.gtfs.errors import UnsureNetwork
from falconbus.gtfs.importing.database import analyze, execute
from falconbus.gtfs.importing.likeness import MOVED, ONE_PLACE, cell, cells_around, folded, metres
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
# What is only near counts for rides: stops of two firms may be, but not with the same coaches.
_ALIKE = f"""
    CREATE TEMPORARY TABLE feed_alike ON COMMIT DROP AS
    SELECT network, id, line, bool_or(has_name) AS has_name
    FROM (
        SELECT known.network, known.id, served.line, true AS has_name
        FROM feed_known AS known JOIN feed_served AS served USING (folded)
        WHERE {metres("known", "served")} <= {ONE_PLACE}
        UNION ALL
        SELECT known.network, known.id, served.line, true
        FROM feed_known AS known JOIN feed_served AS served USING (stop_id)
        WHERE {metres("known", "served")} <= {ONE_PLACE}
        UNION ALL
        SELECT known.network, known.id, served.line, false
        FROM feed_served AS served CROSS JOIN LATERAL {cells_around("served")}
        JOIN feed_known AS known ON {cell("known")} = around.cell
        WHERE {metres("known", "served")} <= {MOVED}
    ) AS alike GROUP BY network, id, line
"""  # noqa: S608
# A ride is the same when it leaves where and when one of the network's does, and has as many stops to the same end.
_RIDES = """
    CREATE TEMPORARY TABLE feed_common_rides ON COMMIT DROP AS
    WITH ride AS (
        SELECT trip, (array_agg(stop ORDER BY position))[1] AS first,
               (array_agg(stop ORDER BY position DESC))[1] AS last, min(departure) / 60 AS minute, count(*) AS stops
        FROM feed_calls GROUP BY trip
    ), known AS (
        SELECT split_part(timetable.feed_key, ':', 1) AS network, routes.origin_id, routes.destination_id,
               timetable.departure_minutes, cardinality(arrivals) AS stops
        FROM timetables AS timetable JOIN routes ON routes.id = timetable.route_id
        WHERE timetable.active AND timetable.feed_key IS NOT NULL
    ), common AS (
        SELECT known.network, count(DISTINCT ride.trip) AS common
        FROM ride
        JOIN feed_alike AS origin ON origin.line = ride.first
        JOIN feed_alike AS destination ON destination.line = ride.last AND destination.network = origin.network
        JOIN known ON known.network = origin.network
            AND known.origin_id = origin.id AND known.destination_id = destination.id
            AND known.departure_minutes = ride.minute AND known.stops = ride.stops
        GROUP BY known.network
    )
    SELECT network, least(count(*), (SELECT count(*) FROM ride)) AS rides, coalesce(min(common.common), 0) AS common
    FROM known LEFT JOIN common USING (network) GROUP BY network
"""
_NETWORKS = f"""
    SELECT known.network, least(known.stops, (SELECT count(*) FROM feed_served)) AS stops,
           coalesce(least(alike.known, alike.served), 0) AS alike,
           (SELECT count(*) FROM feed_known JOIN feed_served USING (stop_id)
            WHERE feed_known.network = known.network) AS common_ids,
           coalesce(rides.rides, 0) AS rides, coalesce(rides.common, 0) AS common_rides,
           (SELECT coalesce(array_agg(name ORDER BY name), '{{}}') FROM feed_agencies
            WHERE feed = known.network) AS agencies,
           EXISTS (SELECT FROM feed_agencies AS here JOIN feed_agency AS there
                   ON {folded("here.name")} = {folded("there.agency_name")}
                   WHERE here.feed = known.network) AS has_its_agency
    FROM (SELECT network, count(*) AS stops FROM feed_known GROUP BY network) AS known
    LEFT JOIN (SELECT network, count(DISTINCT id) AS known, count(DISTINCT line) AS served
               FROM feed_alike WHERE has_name GROUP BY network) AS alike USING (network)
    LEFT JOIN feed_common_rides AS rides USING (network)
    ORDER BY alike DESC, common_rides DESC, network
"""  # noqa: S608
_DIFFERENT = f"""
    SELECT stop_id, known.name AS known_name, served.name, {metres("known", "served")} / 1000 AS km
    FROM feed_known AS known JOIN feed_served AS served USING (stop_id)
    WHERE known.network = :network
      AND NOT EXISTS (SELECT FROM feed_alike AS alike
                      WHERE alike.id = known.id AND alike.line = served.line AND alike.has_name)
    ORDER BY served.line LIMIT {_LISTED}
"""  # noqa: S608
_FORGET = "DELETE FROM feed_agencies WHERE feed = :feed"
_REMEMBER = """
    INSERT INTO feed_agencies (feed, name) SELECT DISTINCT CAST(:feed AS text), left(agency_name, 200) FROM feed_agency
"""


@dataclass(frozen=True)
class _Network:
    """A network that is here: of so many `stops` that could be the same as the feed's, so many are `alike`."""

    network: str
    stops: int
    alike: int
    common_ids: int
    rides: int
    common_rides: int
    #: As its last version names them; none when that was imported by a release that did not note them.
    agencies: list[str]
    has_its_agency: bool

    @property
    def is_alike(self) -> bool:
        return self.alike * 2 >= self.stops

    @property
    def has_its_rides(self) -> bool:
        return self.common_rides * 2 >= self.rides > 0

    @property
    def is_certain(self) -> bool:
        """Tell whether a feed of its name is its next version: it has its stops, and its firm or its coaches."""
        has_its_ids = not self.agencies and self.common_ids * 2 >= self.stops
        return self.is_alike and (self.has_its_agency or self.has_its_rides or has_its_ids)

    @property
    def likeness(self) -> str:
        return (
            f"{self.alike} of {self.stops} stops have the same name or id at the same place,"
            f" {self.common_ids} ids are in both, {self.common_rides} of {self.rides} rides are the same"
        )


def choose_network(derived_name: str, options: ImportOptions, report: Report) -> str:
    """Return the name of the network that the feed is a version of, or a new one; UnsureNetwork when it may be either.

    Half of the stops must be alike for that, and an agency or half of the rides too; for another name than its own both
    the stops and the rides.
    """
    name = options.feed or derived_name
    networks = _compare()
    own = next((each for each in networks if each.network == name), None)
    if own is not None and own.is_certain:
        return name
    others = [each for each in networks if each is not own and (each.is_alike or each.has_its_rides)]
    if options.feed is None and not options.another_network:
        for other in others:
            if (options.same_network and own is None) or (other.is_alike and other.has_its_rides):
                report.note(f"it is taken as a newer version of {other.network}: {other.likeness}")
                return other.network
    if own is not None and not options.same_network:
        raise UnsureNetwork(_is_taken(own))
    if own is None and others and not options.another_network:
        raise UnsureNetwork(_is_double(others[0], name))
    return name


def remember_agencies(feed: str) -> None:
    """Note the names of the feed's agencies, by which its next version is known."""
    execute(_FORGET, feed=feed)
    execute(_REMEMBER, feed=feed)


def _compare() -> list[_Network]:
    """Return the networks that are here, the most alike first."""
    if not execute("SELECT EXISTS (SELECT FROM stops WHERE feed_key IS NOT NULL)").scalar_one():
        return []
    execute(_KNOWN)
    execute(_SERVED)
    analyze("feed_known", "feed_served")
    execute(_ALIKE)
    execute(_RIDES)
    return [_Network(**row) for row in execute(_NETWORKS).mappings()]


def _is_taken(own: _Network) -> str:
    different = "; ".join(map(_describe, execute(_DIFFERENT, network=own.network)))
    if own.agencies and not own.has_its_agency:
        different = "; ".join(filter(None, (f"its agencies were {', '.join(own.agencies[:_LISTED])}", different)))
    name_it = "give it a name of its own with --feed (in an upload: name)"
    if own.is_alike:
        name_it += " and say --another-network (another_network=true)"
    return (
        f"a network named {own.network} is here, and this feed does not look like its next version: {own.likeness}"
        f"{f' ({different})' if different else ''}. If it is another network, {name_it}; if it is the"
        f" next version, say --same-network (same_network=true), and the stops get this feed's names and places"
    )


def _is_double(other: _Network, name: str) -> str:
    return (
        f"this feed looks like the network {other.network}, which is here: {other.likeness}. As {name} its coaches"
        f" would be on sale a second time. If it is its next version, say --feed {other.network} (in an upload:"
        f" name={other.network}); if it is another network, say --another-network (another_network=true)"
    )


def _describe(row: Any) -> str:
    return f"{row.stop_id} is {row.known_name} there and {row.name} here, {row.km:,.0f} km away"
