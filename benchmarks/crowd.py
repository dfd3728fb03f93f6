"""Benchmark of many clients at once, each on a connection that it keeps: ours beside gunicorn's own threads."""

import random
from typing import Any

from benchmarks import dataset, network
from benchmarks.environment import Databases
from benchmarks.load_generator import RequestSource, get
from benchmarks.paired_rounds import Side, alternate, median_ratio
from benchmarks.report import Goal, Report
from benchmarks.search import SearchRequests
from benchmarks.server import GTHREAD, OURS, WebServer

CROWDS = (8, 64, 200)
_POPULAR = 100
#: No client may wait more than so many times as long as the one in the middle.
_LONGEST = 10.0


def run(databases: Databases, *, seconds: float) -> Report:
    """Load both in turns with popular searches, by crowds of several sizes, a third of `seconds` for each size."""
    dataset.ensure(databases, "line", network.SEARCH)
    settings = databases.settings("line")
    searches = SearchRequests(network.stop_pairs(network.SEARCH), databases.today(), network.SEARCH.days)
    popular = [get(searches.path(random.Random(number))) for number in range(_POPULAR)]
    rows: list[dict[str, Any]] = []
    goals: list[Goal] = []
    rates: dict[int, float] = {}
    with WebServer("gthread", GTHREAD, settings) as gthread, WebServer("ours", OURS, settings) as ours:
        for clients in CROWDS:
            sides = [Side(web, lambda seed: _source(seed, popular)) for web in (ours, gthread)]
            alternate(sides, clients=clients, seconds=seconds / len(CROWDS))
            rows += [{"clients": clients, **side.figures()} for side in sides]
            load = sides[0].load
            rates[clients] = load.rate
            share = _LONGEST * load.percentile(50) / load.percentile(99)
            goals.append(Goal(f"{_LONGEST:.0f} times p50, of p99, {clients} clients", share, 1.0))
            goals.append(Goal(f"a second with {clients} clients, of gthread", median_ratio(*_rates(sides)), 1.0))
    goals += [Goal(f"a second with {few} clients, of 8", rates[few] / rates[8], 1.0) for few in CROWDS[1:]]
    return Report("crowd", rows=rows, goals=goals, notes=[f"{_POPULAR} searches, hits; 2 processes of 8 threads"])


def _source(seed: int, requests: list[bytes]) -> RequestSource:
    rng = random.Random(seed)
    return lambda: rng.choice(requests)


def _rates(sides: list[Side]) -> tuple[list[float], list[float]]:
    return sides[0].rates, sides[1].rates
