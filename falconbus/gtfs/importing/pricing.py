"""Chooses the currency of routes without a fare, and prices them by distance; refuses what nobody meant."""

from babel.core import get_global
from babel.numbers import get_territory_currencies

from falconbus.fares.pricing import SHORTEST_PRICED_M
from falconbus.gtfs.errors import BadImportOption
from falconbus.gtfs.importing.database import execute
from falconbus.gtfs.options import DEFAULT_PRICE_PER_KM, ImportOptions
from falconbus.gtfs.report import Report
from falconbus.platform.kit import money
from falconbus.platform.kit.settings import get_settings

_FARES = "SELECT DISTINCT currency FROM feed_fares"
_KNOWN_ROUTES = "SELECT DISTINCT currency FROM routes JOIN feed_lines USING (feed_key)"

# What a known route is priced in, and will be: by its fares, else by the option.
_CHANGES = """
    CREATE TEMPORARY TABLE feed_currency_changes ON COMMIT DROP AS
    SELECT routes.id AS route_id, routes.currency AS was, now.currency AS becomes
    FROM routes JOIN feed_lines AS line USING (feed_key)
    CROSS JOIN LATERAL (
        SELECT coalesce((SELECT min(price.currency) FROM feed_prices AS price WHERE price.pattern = line.pattern),
                        CAST(:currency AS text)) AS currency
    ) AS now
    WHERE routes.currency <> now.currency
"""
_UNSAID = """
    SELECT was, becomes, count(*) AS routes FROM feed_currency_changes
    WHERE becomes IS DISTINCT FROM CAST(:currency AS text) GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 1
"""
_REMOVE_FARES = "DELETE FROM segment_fares WHERE route_id IN (SELECT route_id FROM feed_currency_changes)"

_PRICE = """
    UPDATE routes SET currency = :currency,
        base_price = least(greatest(round(distance_m / 1000.0 * CAST(:per_km AS numeric)),
                                    ceil(:shortest / 1000.0 * CAST(:per_km AS numeric))) * :unit, 2000000000)
    FROM feed_route_ids AS link
    WHERE link.route_id = routes.id AND (link.is_new OR :again)
      AND NOT EXISTS (SELECT FROM feed_prices WHERE feed_prices.pattern = link.pattern)
    RETURNING routes.base_price
"""


def choose_currency(options: ImportOptions, zone: str) -> str:
    """Return the currency of routes without a fare.

    The option's; else the only one of the feed's fares, or of its last version's routes; else that of the country of
    the agency's time zone (CLDR, by way of Babel); else the setting's.
    """
    if options.currency is not None:
        return options.currency
    for statement in (_FARES, _KNOWN_ROUTES):
        currencies = list(execute(statement).scalars())
        if len(currencies) == 1:
            return str(currencies[0])
    zone = get_global("zone_aliases").get(zone, zone)
    local = get_territory_currencies(get_global("zone_territories").get(zone, ""))
    return str(local[0]) if local else get_settings().currency


def check_currencies(options: ImportOptions, report: Report) -> None:
    """Refuse to change the currency of known routes unless the option says so; BadImportOption.

    Where it does, prices that were set by hand go: they are numbers of the old currency.
    """
    execute(_CHANGES, currency=options.currency)
    unsaid = execute(_UNSAID, currency=options.currency).one_or_none()
    if unsaid is not None:
        raise BadImportOption(
            f"the prices of {unsaid.routes} routes are in {unsaid.was} and would be in {unsaid.becomes}:"
            f" give {unsaid.becomes} if that is meant",
            pointer="currency",
        )
    changed = execute("SELECT count(*) FROM feed_currency_changes").scalar_one()
    if changed:
        removed = execute(_REMOVE_FARES).rowcount
        report.note(
            f"{changed} routes change to {options.currency}; their {removed} fares in the old currency are gone"
        )


def price_by_distance(options: ImportOptions, currency: str, report: Report) -> None:
    """Price routes without a fare by distance, in whole units; known routes only when an option asks for it."""
    per_km = DEFAULT_PRICE_PER_KM if options.price_per_km is None else options.price_per_km
    prices = execute(
        _PRICE,
        currency=currency,
        per_km=str(per_km),
        shortest=SHORTEST_PRICED_M,
        unit=10 ** money.decimals(currency),
        again=options.price_per_km is not None or options.currency is not None,
    )
    amounts = list(prices.scalars())
    if amounts:
        low, high = (money.to_text(amount, currency) for amount in (min(amounts), max(amounts)))
        report.note(
            f"{len(amounts)} routes have no fare: they are priced at {per_km} {currency} a kilometre, the whole way"
            f" from {low} to {high} {currency} (--price-per-km and --currency change it)"
        )
