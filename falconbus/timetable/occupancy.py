"""What takes the buses and the seats of departures beside the timetable: charters, claims.

Their tables belong to rooms above, so none is named down here. The room that owns one hands its reads down while it is
imported (registry.py sees to that), as gauges are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from falconbus.platform.database.engine import AnySelect


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatReads:
    """Selects of `schedule_id` and `seat_number`, a row for each leg, to be narrowed by whoever asks."""

    #: Sold, or held at that instant.
    taken: Callable[[datetime], AnySelect]
    #: Sold for good.
    sold: Callable[[], AnySelect]


_bus_times: list[str] = []
_seat_reads: list[SeatReads] = []


def register_bus_times(select: str) -> None:
    """Add a SELECT of times at which a bus is elsewhere: `bus_id`, `starts_at`, `ends_at`, `reference`, `bus_time`.

    `bus_time` is their owner_time(), written as the table's exclusion writes it, with the exclusion's condition in the
    WHERE: its index then finds them, in however many there ever were (docs/decisions/overlaps.md).
    """
    _bus_times.append(select)


def register_seats(reads: SeatReads) -> None:
    """Say how taken seats are read; a second room that says so is a ValueError."""
    if _seat_reads:
        raise ValueError("the seats of departures are read in two ways")
    _seat_reads.append(reads)


def bus_times() -> str:
    """Return the SELECT of all times at which buses are elsewhere, to stand in parentheses after FROM or JOIN."""
    return " UNION ALL ".join(_bus_times)


def seats() -> SeatReads:
    """Return the reads of taken seats."""
    return _seat_reads[0]
