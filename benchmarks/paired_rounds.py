"""Rounds of two sides in turns, so that other load affects both, compared by the median ratio of the rounds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.load_generator import LoadResult, RequestSource, drive
from benchmarks.server import WebServer

# Short rounds, as other load on the machine comes in bursts.
_ROUND_SECONDS = 1.0
_MIN_ROUNDS = 6
_WARM_UP_SECONDS = 2.0


class RunFailed(Exception):
    """A response was wrong, so the figures would be meaningless."""


@dataclass
class Side:
    """One of the two sides: the total load, and rate and p95 of each round."""

    web: WebServer
    #: The requests of a round, by its number.
    source: Callable[[int], RequestSource]
    load: LoadResult = field(default_factory=LoadResult)
    rates: list[float] = field(default_factory=list)
    p95s: list[float] = field(default_factory=list)
    web_cpu: float = 0.0
    database_cpu: float = 0.0

    def run(self, number: int, *, clients: int, seconds: float) -> None:
        """Run one round; RunFailed on any response other than 2xx."""
        web_before, backends_before = self.web.cpu_seconds(), self.web.backends_cpu_seconds()
        load = drive(self.web.port, self.source(number), clients=clients, seconds=seconds)
        web_after, backends_after = self.web.cpu_seconds(), self.web.backends_cpu_seconds()
        if load.errors:
            raise RunFailed(f"{self.web.name} answered {dict(load.statuses)}, first {load.refusals[0]!r}")
        self.web_cpu += web_after - web_before
        # The CPU time of a backend that has ended is lost.
        self.database_cpu += sum(used - backends_before.get(pid, 0.0) for pid, used in backends_after.items())
        self.rates.append(load.rate)
        self.p95s.append(load.percentile(95))
        self.load.add(load)

    def figures(self) -> dict[str, Any]:
        """Return the side's row of the report, times in milliseconds."""
        load = self.load
        return {
            "side": self.web.name,
            "requests": load.requests,
            "per_second": round(load.rate, 1),
            "p50_ms": round(load.percentile(50), 2),
            "p95_ms": round(load.percentile(95), 2),
            "p99_ms": round(load.percentile(99), 2),
            "errors": load.errors,
            "reconnects": load.reconnects,
            "web_cpu_ms": round(1000 * self.web_cpu / load.requests, 2),
            "database_cpu_ms": round(1000 * self.database_cpu / load.requests, 2),
            "client_cpu_percent": round(100 * load.client_cpu / load.seconds, 1),
        }


def alternate(sides: Sequence[Side], *, clients: int, seconds: float) -> None:
    """Load the sides in turns, `seconds` in total for each."""
    for side in sides:
        drive(side.web.port, side.source(0), clients=clients, seconds=_WARM_UP_SECONDS)
    rounds = max(_MIN_ROUNDS, round(seconds / _ROUND_SECONDS))
    for number in range(1, rounds + 1):
        for side in sides if number % 2 else sides[::-1]:
            side.run(number, clients=clients, seconds=seconds / rounds)


def cpu_ratio(ours: Side, floor: Side) -> float:
    """Return the CPU time of our request, web and database together, divided by the floor's."""
    own, other = (side.web_cpu + side.database_cpu for side in (ours, floor))
    return own / ours.load.requests / (other / floor.load.requests) if other else 0.0


def median_ratio(ours: Sequence[float], floor: Sequence[float]) -> float:
    """Return the median of the rounds' ratios."""
    return median(own / other for own, other in zip(ours, floor, strict=True))
