"""What a restore to a moment takes away: bookings made or paid since."""

from datetime import datetime

import psycopg

from falconbus.platform.kit import money

_SINCE = """
    SELECT currency, count(*), count(confirmed_at) FILTER (WHERE confirmed_at > %(moment)s),
           coalesce(sum(total) FILTER (WHERE confirmed_at > %(moment)s), 0)::bigint,
           (array_agg(reference ORDER BY confirmed_at > %(moment)s DESC NULLS LAST, id))[:%(shown)s]
    FROM bookings WHERE created_at > %(moment)s OR confirmed_at > %(moment)s GROUP BY currency ORDER BY currency
"""


#: So many are named, those that are paid first.
_SHOWN = 5


def bookings_since(connection: psycopg.Connection, moment: datetime) -> str:
    """Return number, money and references of the bookings since that moment.

    E.g. `3 bookings, 2 of them paid (840.00 ZAR): K7MP2QXA, 9FW3TTBC, ...`.
    """
    found = connection.execute(_SINCE, {"moment": moment, "shown": _SHOWN}).fetchall()
    return "; ".join(
        f"{number:,} {'booking' if number == 1 else 'bookings'}, {paid:,} of them paid"
        f" ({money.to_text(total, currency)} {currency}): {', '.join(references)}{', ...' if number > _SHOWN else ''}"
        for currency, number, paid, total, references in found
    )
