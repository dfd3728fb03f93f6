"""Imports fares: the cheapest that applies to a pair of a route's stops becomes its price (GTFS Fares V1)."""

from typing import NamedTuple

from falconbus.gtfs.importing.checks import Check
from falconbus.gtfs.importing.database import analyze, copy_rows, execute
from falconbus.gtfs.options import ImportOptions
from falconbus.gtfs.report import Report
from falconbus.platform.kit import money

_MAX_PRICE = 2_000_000_000

# A fare without rules holds everywhere; a rule's blanks stand for anything. contains_id is not supported.
_RULES = """
    CREATE TEMPORARY TABLE feed_fare_uses ON COMMIT DROP AS
    SELECT fare.fare_id, fare.price, fare.currency, fare.agency_id,
           coalesce(rule.route_id, '') AS route_id, coalesce(rule.origin_id, '') AS origin_id,
           coalesce(rule.destination_id, '') AS destination_id
    FROM feed_fares AS fare LEFT JOIN feed_fare_rules AS rule USING (fare_id)
    WHERE rule.contains_id IS NULL
"""

# A free fare is one of children or of a day beside a fare that costs something: it wins only alone.
# Pairs meet rules by equality only: each pair is asked for with every combination of blanks that occurs in a rule.
# A part of a through ride has the fares of its own route, and a ride across parts those of no route alone.
_PRICES = """
    CREATE TEMPORARY TABLE feed_prices ON COMMIT DROP AS
    WITH call AS (
        SELECT pattern.pattern, route.line, route.route_id, route.agency_id, call.position, call.distance_m,
               coalesce(place.zone_id, '') AS zone, part.leaves_in, part.arrives_in
        FROM feed_patterns AS pattern
        JOIN feed_pattern_stops AS call USING (pattern)
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE begins <= call.position) AS leaves_in,
                   count(*) FILTER (WHERE ended < call.position) AS arrives_in,
                   (array_agg(feed_parts.route ORDER BY begins DESC) FILTER (WHERE begins <= call.position))[1] AS route
            FROM feed_parts WHERE head = pattern.sample) AS part
        JOIN feed_routes AS route ON route.line = coalesce(part.route, pattern.route)
        JOIN feed_places AS place ON place.line = call.stop
    ), kind AS (
        SELECT DISTINCT route_id <> '' AS by_route, origin_id <> '' AS by_origin,
               destination_id <> '' AS by_destination
        FROM feed_fare_uses
    )
    SELECT origin.pattern, origin.line, origin.position AS origin, destination.position AS destination,
           destination.distance_m - origin.distance_m AS distance_m,
           coalesce(min(used.price) FILTER (WHERE used.price > 0), 0) AS price, min(used.currency) AS currency,
           min(used.currency) <> max(used.currency) AS is_mixed
    FROM call AS origin
    JOIN call AS destination ON destination.pattern = origin.pattern AND destination.position > origin.position
    CROSS JOIN kind
    JOIN feed_fare_uses AS used
      ON used.route_id = CASE WHEN by_route THEN origin.route_id ELSE '' END
     AND used.origin_id = CASE WHEN by_origin THEN origin.zone ELSE '' END
     AND used.destination_id = CASE WHEN by_destination THEN destination.zone ELSE '' END
     AND (used.route_id <> '') = by_route AND (used.origin_id <> '') = by_origin
     AND (used.destination_id <> '') = by_destination
    WHERE (NOT by_route OR origin.leaves_in = destination.arrives_in)
      AND (used.agency_id IS NULL OR origin.agency_id IS NULL OR used.agency_id = origin.agency_id)
    GROUP BY 1, 2, 3, 4, 5
"""

_ONE_CURRENCY = Check(
    "routes",
    "x.is_mixed",
    "'route_id ' || left(x.route_id, 40) || ' has fares in several currencies'",
    "give all fares of a route the same currency_type",
    "(SELECT route.line, route.route_id, bool_or(is_mixed) OR min(currency) <> max(currency) AS is_mixed"
    " FROM feed_prices JOIN feed_routes AS route USING (line) GROUP BY 1, 2)",
)

_FARES = """
    WITH written AS (
        INSERT INTO segment_fares (route_id, origin_position, destination_position, price)
        SELECT link.route_id, origin, destination, price
        FROM feed_prices JOIN feed_route_ids AS link USING (pattern)
        ON CONFLICT (route_id, origin_position, destination_position) DO UPDATE SET price = excluded.price
        WHERE segment_fares.price <> excluded.price
        RETURNING route_id
    )
    SELECT count(*) FROM written JOIN feed_route_ids AS link USING (route_id) WHERE NOT link.is_new
"""

_GONE = """
    DELETE FROM segment_fares USING feed_route_ids AS link
    WHERE segment_fares.route_id = link.route_id AND EXISTS (SELECT FROM feed_fare_attributes)
      AND NOT EXISTS (SELECT FROM feed_prices WHERE feed_prices.pattern = link.pattern
                      AND origin = origin_position AND destination = destination_position)
"""

# The price of the whole way, or of the longest part of it that can be bought.
_BASE_PRICES = """
    WITH call AS (
        SELECT pattern, position - 1 AS position, bool_or(call.boards) AS boards, bool_or(call.alights) AS alights
        FROM feed_timetables AS timetable
        CROSS JOIN LATERAL unnest(timetable.boards, timetable.alights)
            WITH ORDINALITY AS call (boards, alights, position)
        GROUP BY 1, 2
    ), whole AS (
        SELECT DISTINCT ON (price.pattern) price.pattern, price.price, price.currency
        FROM feed_prices AS price
        JOIN call AS first ON first.pattern = price.pattern AND first.position = price.origin
        JOIN call AS last ON last.pattern = price.pattern AND last.position = price.destination
        ORDER BY price.pattern, first.boards AND last.alights DESC, price.distance_m DESC, origin, destination DESC
    )
    UPDATE routes SET base_price = whole.price, currency = whole.currency
    FROM whole JOIN feed_route_ids AS link USING (pattern)
    WHERE routes.id = link.route_id
      AND (routes.base_price, routes.currency) IS DISTINCT FROM (whole.price, whole.currency)
"""


class _Fare(NamedTuple):
    """A fare, with its price in the currency's smallest unit."""

    fare_id: str
    price: int
    currency: str
    agency_id: str | None


def make_prices(options: ImportOptions, report: Report) -> None:
    """Fill feed_prices with the price of each pair of stops that a fare applies to."""
    execute("CREATE TEMPORARY TABLE feed_fares (fare_id text, price int, currency text, agency_id text) ON COMMIT DROP")
    fares = _read_fares(report)
    if options.price_per_km != 0:
        fares = _without_free_rides(fares, report)
    copy_rows("feed_fares", _Fare._fields, fares)
    execute(_RULES)
    analyze("feed_fare_uses")
    execute(_PRICES)
    analyze("feed_prices")
    _ONE_CURRENCY.run(report)
    contained = execute(
        "SELECT count(DISTINCT fare_id) FROM feed_fare_rules WHERE contains_id IS NOT NULL"
    ).scalar_one()
    if contained:
        report.note(f"rules with contains_id are not supported: those of {contained} fares are left out")


def merge_fares() -> tuple[int, int]:
    """Write the prices as segment fares and base prices; return the numbers of priced pairs, and of those changed.

    Changed are fares of known routes that are new, other or gone.
    """
    gone: int = execute(_GONE).rowcount
    written = execute(_FARES).scalar_one()
    execute(_BASE_PRICES)
    return int(execute("SELECT count(*) FROM feed_prices").scalar_one()), gone + int(written)


def _without_free_rides(fares: list[_Fare], report: Report) -> list[_Fare]:
    """Leave out free fares that would hold everywhere: those without a rule, and all where nothing costs anything."""
    ruled = set(execute("SELECT fare_id FROM feed_fare_rules").scalars())
    any_paid = any(fare.price for fare in fares)
    kept = [fare for fare in fares if fare.price or (any_paid and fare.fare_id in ruled)]
    if len(kept) < len(fares):
        report.note(
            f"{len(fares) - len(kept)} free fares would make rides everywhere free: they are left out"
            " (--price-per-km 0 says that rides are free)"
        )
    return kept


def _read_fares(report: Report) -> list[_Fare]:
    """Return the valid fares with their prices in the currency's smallest unit; report the others."""
    priced = []
    rows = execute("SELECT line, fare_id, price, upper(currency_type) AS currency, agency_id FROM feed_fare_attributes")
    for row in rows:
        if not money.is_currency(row.currency):
            report.add_fault(
                "fare_attributes.txt",
                row.line,
                "currency_type is no currency that people pay in",
                "write one such as ZAR",
            )
            continue
        try:
            price = money.from_text(row.price, row.currency)
        except ValueError as fault:
            report.add_fault("fare_attributes.txt", row.line, f"price {fault}", "write it like 420.00")
            continue
        if price > _MAX_PRICE:
            report.add_fault("fare_attributes.txt", row.line, "price is too high", "mend it")
        else:
            priced.append(_Fare(row.fare_id, price, row.currency, row.agency_id))
    return priced
