"""Registry of what else occupies buses and seats of departures: charters and seat claims.

Their tables belong to rooms above, which this one must not import. The room that owns a table registers its reads when
it is imported (registry.py sees to that), as it does gauges.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from falconbus.platform.database.engine import AnySelect


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatReads:
    """SELECTs of `schedule_id` and `seat_number`, a row for each leg, for the caller to narrow."""

    #: Sold, or held at that instant.
    taken: Callable[[datetime], AnySelect]
    #: Sold for good.
    sold: Callable[[], AnySelect]


_bus_times: list[str] = []
_seat_reads: list[SeatReads] = []


def register_bus_times(select: str) -> None:
    """Register a SELECT of periods in which a bus is elsewhere; the same one again changes nothing.

    Columns: `bus_id`, `starts_at`, `ends_at`, `reference`, `origin_stop_id` and `destination_stop_id` (None where one
    begins or ends at no stop), and `bus_time`, which is their owner_time(), written as in
    the table's exclusion constraint and with that constraint's condition in the WHERE, so that its index is used
    (docs/decisions/overlaps.md).
    """
    if select not in _bus_times:
        _bus_times.append(select)


def register_seats(reads: SeatReads) -> None:
    """Register the reads of taken seats; ValueError when other ones are registered already."""
    if reads not in _seat_reads:
        if _seat_reads:
            raise ValueError("the seats of departures are read in two ways")
        _seat_reads.append(reads)


def bus_times() -> str:
    """Return the SELECT of all periods in which buses are elsewhere, to stand in parentheses after FROM or JOIN."""
    return " UNION ALL ".join(_bus_times)


def seats() -> SeatReads:
    """Return the reads of taken seats."""
    return _seat_reads[0]
