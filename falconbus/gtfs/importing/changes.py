"""What an import changes of a network that is here, told in a few lines: stops, trips, prices, departures."""

from collections.abc import Callable
from typing import Any

from falconbus.gtfs.importing.database import execute
from falconbus.gtfs.importing.keys import trip_of
from falconbus.gtfs.importing.likeness import metres
from falconbus.gtfs.report import Report
from falconbus.platform.kit import clock, money

_NAMED = 5
#: Metres that a stop may move without a word.
_FEW = 20
_BEFORE = (
    """
    CREATE TEMPORARY TABLE feed_former_stops ON COMMIT DROP AS
    SELECT id, name, latitude, longitude, time_zone FROM stops WHERE starts_with(feed_key, :feed || ':')
    """,
    """
    CREATE TEMPORARY TABLE feed_former_prices ON COMMIT DROP AS
    SELECT id, base_price, currency FROM routes WHERE starts_with(feed_key, :feed || ':')
    """,
)
_ON_SALE = """
    SELECT count(*) FROM schedules JOIN routes ON routes.id = schedules.route_id AND routes.active
    WHERE starts_with(routes.feed_key, :feed || ':') AND schedules.active AND departure_time > :now
"""
_STOPS = """
    SELECT former.name AS was, stops.name, former.time_zone AS zone_was, stops.time_zone, {metres} AS metres,
           count(*) OVER () AS found
    FROM feed_former_stops AS former JOIN stops USING (id) WHERE {condition} ORDER BY id LIMIT {limit}
"""
_TRIPS = f"""
    WITH now AS (
        SELECT {trip_of("timetable.feed_key")} AS trip, bool_and(plan.unchanged) AS unchanged
        FROM feed_plan AS plan JOIN feed_timetables AS timetable USING (number) GROUP BY 1
    ), gone AS (
        SELECT DISTINCT {trip_of("feed_key")} AS trip FROM feed_retired
    )
    SELECT substr(trip, strpos(trip, ':') + 1) AS trip, count(*) OVER () AS found FROM (
        SELECT trip FROM {{one}} AS one WHERE {{condition}} AND NOT EXISTS (
            SELECT FROM {{other}} AS other WHERE other.trip = one.trip)
    ) AS trips ORDER BY trip LIMIT {_NAMED}
"""  # noqa: S608  parts of ours
_PRICES = f"""
    SELECT routes.name, former.base_price AS was, former.currency AS currency_was, routes.base_price, routes.currency,
           count(*) OVER () AS found
    FROM feed_former_prices AS former JOIN routes USING (id) JOIN feed_route_ids AS link ON link.route_id = routes.id
    WHERE (former.base_price, former.currency) <> (routes.base_price, routes.currency) ORDER BY id LIMIT {_NAMED}
"""  # noqa: S608


def record_former(feed: str) -> int:
    """Record the network before the merge, and return how many of its departures are on sale."""
    for statement in _BEFORE:
        execute(statement, feed=feed)
    return count_on_sale(feed)


def count_on_sale(feed: str) -> int:
    """Return how many of the network's departures are on sale."""
    return int(execute(_ON_SALE, feed=feed, now=clock.now()).scalar_one())


def tell_changes(report: Report, *, fares: int, removed: int) -> None:
    """List what is other than in the feed's last version; nothing of a network that is new."""
    if not execute("SELECT EXISTS (SELECT FROM feed_former_stops)").scalar_one():
        return
    apart = metres("former", "stops")
    _tell(report, "stops renamed", _stops("former.name <> stops.name"), lambda row: f"{row.was} is {row.name}")
    _tell(report, "stops moved", _stops(f"{apart} > {_FEW}"), lambda row: f"{row.name}, {row.metres:,.0f} m")
    _tell(
        report,
        "stops in another time zone",
        _stops("former.time_zone <> stops.time_zone"),
        lambda row: f"{row.name}, {row.zone_was} is {row.time_zone}",
    )
    _tell(report, "trips added", _trips("now", "gone", "NOT unchanged"), lambda row: row.trip)
    _tell(report, "trips removed", _trips("gone", "now", "true"), lambda row: row.trip)
    _tell(report, "prices of routes changed", execute(_PRICES).all(), _price)
    if fares:
        report.changes.append(f"fares for parts of routes changed: {fares}")
    if removed:
        report.changes.append(f"departures without a seat sold taken off sale: {removed}")


def _stops(condition: str) -> Any:
    return execute(_STOPS.format(metres=metres("former", "stops"), condition=condition, limit=_NAMED)).all()


def _trips(one: str, other: str, condition: str) -> Any:
    return execute(_TRIPS.format(one=one, other=other, condition=condition)).all()


def _price(row: Any) -> str:
    was, now = money.to_text(row.was, row.currency_was), money.to_text(row.base_price, row.currency)
    return f"{row.name}, {was} {row.currency_was} is {now} {row.currency}"


def _tell(report: Report, what: str, rows: Any, describe: Callable[[Any], str]) -> None:
    if rows:
        more = "; ..." if rows[0].found > _NAMED else ""
        report.changes.append(f"{what}: {rows[0].found} ({'; '.join(map(describe, rows))}{more})")
