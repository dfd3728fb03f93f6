"""Rules that assign buses to timetables: GTFS names none, so each run gets the first bus that is free."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

TURNAROUND_MINUTES = 60
EVERY_DAY = 127
# The day is a circle of five-minute slots: a run of today is assumed to run at the same time tomorrow.
_SLOT_MINUTES = 5
_DAY_MINUTES = 24 * 60
_SLOTS_PER_DAY = _DAY_MINUTES // _SLOT_MINUTES
_WEEK_MINUTES = 7 * _DAY_MINUTES


@dataclass(frozen=True)
class Run:
    """A timetable that needs a bus. `preferred_buses` ran the same departure before."""

    number: int
    time_zone: str
    departure_minutes: int
    duration_minutes: int
    weekdays: int
    block: str | None = None
    preferred_buses: tuple[int, ...] = ()

    @property
    def days(self) -> int:
        """Return the weekdays as a bit mask; all of them when the timetable runs on single dates."""
        return self.weekdays or EVERY_DAY

    @property
    def slots(self) -> Sequence[int]:
        """Return the slots of the run with its turnaround; all of them when it takes a day or longer."""
        first = self.departure_minutes // _SLOT_MINUTES
        last = -(-(self.departure_minutes + self.duration_minutes + TURNAROUND_MINUTES) // _SLOT_MINUTES)
        return (
            range(_SLOTS_PER_DAY)
            if last - first >= _SLOTS_PER_DAY
            else [slot % _SLOTS_PER_DAY for slot in range(first, last)]
        )

    def leaves_time_for(self, other: "Run") -> bool:
        """Tell whether one bus can do both, the week taken as a circle; within a block it need not turn round."""
        turnaround = 0 if self.block is not None and self.block == other.block else TURNAROUND_MINUTES
        return all(
            (start - own_start) % _WEEK_MINUTES >= self.duration_minutes + turnaround
            and (own_start - start) % _WEEK_MINUTES >= other.duration_minutes + turnaround
            for own_start in self._starts()
            for start in other._starts()  # noqa: SLF001  another of the same class
        )

    def _starts(self) -> Iterator[int]:
        return (day * _DAY_MINUTES + self.departure_minutes for day in range(7) if self.days >> day & 1)


@dataclass
class Fleet:
    """Buses by index. For each slot of the day an integer has a bit for every bus that is busy then."""

    #: Buses that get only runs that prefer them: out of service, or not created by an import.
    unavailable: int = 0
    _busy_by_slot: list[int] = field(default_factory=lambda: [0] * _SLOTS_PER_DAY)
    _by_zone: dict[str, int] = field(default_factory=dict)
    _by_block: dict[tuple[str, str], int] = field(default_factory=dict)
    _runs: dict[int, list[Run]] = field(default_factory=lambda: defaultdict(list))

    def take(self, bus: int, run: Run) -> None:
        """Mark a bus as busy on a run; it keeps the run's time zone and block from then on."""
        self._by_zone[run.time_zone] = self._by_zone.get(run.time_zone, 0) | 1 << bus
        if run.block is not None:
            self._by_block.setdefault((run.time_zone, run.block), bus)
        self._runs[bus].append(run)
        for slot in run.slots:
            self._busy_by_slot[slot] |= 1 << bus

    def assign(self, runs: Iterable[Run]) -> Iterator[tuple[Run, int]]:
        """Yield a bus for each run: its block's, a preferred one, or the first that is free (new ones count up)."""
        for group in _group_by_block(runs):
            shared = self._choose_bus(group)
            for run in group:
                # A publisher's block may overlap itself, or a ride that its bus has now: then another bus does the run.
                is_free = run.block is None or all(run.leaves_time_for(other) for other in self._runs[shared])
                bus = shared if is_free else self._choose_bus([replace(run, block=None)])
                self.take(bus, run)
                yield run, bus

    def _choose_bus(self, group: Sequence[Run]) -> int:
        zone, block = group[0].time_zone, group[0].block
        if block is not None and (zone, block) in self._by_block:
            return self._by_block[zone, block]
        busy = 0
        for bus_zone, buses in self._by_zone.items():
            busy |= 0 if bus_zone == zone else buses
        for slot in {slot for run in group for slot in run.slots}:
            busy |= self._busy_by_slot[slot]
        for preferred in (bus for run in group for bus in run.preferred_buses):
            if not busy >> preferred & 1:
                return preferred
        busy |= self.unavailable
        return (~busy & (busy + 1)).bit_length() - 1


def _group_by_block(runs: Iterable[Run]) -> list[list[Run]]:
    """Return the runs in groups that share a bus, in order of their first departure."""
    blocks: dict[tuple[str, str | int], list[Run]] = {}
    for run in sorted(runs, key=lambda run: (run.departure_minutes, run.number)):
        blocks.setdefault((run.time_zone, run.number if run.block is None else run.block), []).append(run)
    return list(blocks.values())
