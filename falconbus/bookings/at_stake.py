"""What a restore to a moment takes away: bookings made or paid since."""

from datetime import datetime

import psycopg

from falconbus.platform.kit import money

_SINCE = """
    SELECT currency, count(*), count(confirmed_at) FILTER (WHERE confirmed_at > %(moment)s),
           coalesce(sum(total) FILTER (WHERE confirmed_at > %(moment)s), 0)::bigint
    FROM bookings WHERE created_at > %(moment)s OR confirmed_at > %(moment)s GROUP BY currency ORDER BY currency
"""


def bookings_since(connection: psycopg.Connection, moment: datetime) -> str:
    """Return number and money of the bookings since that moment, e.g. `3 bookings, 2 of them paid (840.00 ZAR)`."""
    found = connection.execute(_SINCE, {"moment": moment}).fetchall()
    return "; ".join(
        f"{number:,} {'booking' if number == 1 else 'bookings'}, {paid:,} of them paid"
        f" ({money.to_text(total, currency)} {currency})"
        for currency, number, paid, total in found
    )
