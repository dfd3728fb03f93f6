"""Prices across the parts of a through ride (through_rides.py): what its parts cost together."""

from falconbus.gtfs.importing.database import analyze, execute

# From each stop before to each stop of the next part, by way of where that begins.
_SUMS = """
    INSERT INTO feed_prices (pattern, line, origin, destination, distance_m, price, currency, is_mixed)
    SELECT before.pattern, before.line, before.origin, after.destination, before.distance_m + after.distance_m,
           before.price + after.price, before.currency, false
    FROM feed_prices AS before
    JOIN feed_patterns AS pattern USING (pattern)
    JOIN feed_parts AS part ON part.head = pattern.sample AND part.ended = before.destination
    JOIN feed_prices AS after ON after.pattern = before.pattern AND after.origin = part.begins
        AND after.currency = before.currency
    WHERE part.begins = :begins
      AND NOT EXISTS (SELECT FROM feed_prices AS known WHERE known.pattern = before.pattern
                      AND known.origin = before.origin AND known.destination = after.destination)
"""


def add_through_prices() -> None:
    """Add up the prices of parts for the pairs of stops that no fare has: from the front to the back."""
    begins = execute("SELECT DISTINCT begins FROM feed_parts ORDER BY 1").scalars().all()
    for position in begins:
        execute(_SUMS, begins=position)
    if begins:
        analyze("feed_prices")
