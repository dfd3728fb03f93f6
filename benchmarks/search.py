"""Benchmark of uncached search: no two requests alike, all our middleware on, against the floor's SQL and JSON."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import msgspec

from benchmarks import dataset, network
from benchmarks.environment import Databases
from benchmarks.load_generator import RequestSource, drive, get
from benchmarks.network import StopPair
from benchmarks.paired_rounds import RunFailed, Side, alternate, cpu_ratio, median_ratio
from benchmarks.report import Goal, Report
from benchmarks.server import FLOOR, OURS, WebServer

REACH = 0.5
_COMPARED = 100


def run(databases: Databases, *, seconds: float, clients: int) -> Report:
    """Search on both sides in turns, on the same 24,000 schedules with a million claims."""
    dataset.ensure(databases, "line", network.SEARCH)
    settings = databases.settings("line")
    searches = SearchRequests(network.stop_pairs(network.SEARCH), databases.today(), network.SEARCH.days)
    with WebServer("floor", FLOOR, settings) as floor, WebServer("ours", OURS, settings) as ours:
        shown = check_same_results(ours, floor, [searches.path(random.Random(0)) for _ in range(_COMPARED)])
        ping = drive(floor.port, lambda: get("/ping"), clients=clients, seconds=1)
        sides = [Side(ours, searches.source), Side(floor, searches.source)]
        alternate(sides, clients=clients, seconds=seconds)
    return Report(
        "search, cold",
        rows=[side.figures() for side in sides],
        goals=[Goal("requests a second, of the floor's", median_ratio(sides[0].rates, sides[1].rates), REACH)],
        notes=[
            f"{network.SEARCH.schedules:,} schedules, {shown:.1f} departures an answer, {clients} clients",
            f"a request costs {cpu_ratio(*sides):.2f} times the floor's processor time",
            f"the load generator gets {ping.rate:,.0f} answers a second from a view that does nothing",
        ],
    )


class SearchRequests:
    """Random searches: any two stops or cities that a route joins, on any day of the horizon."""

    def __init__(self, pairs: Sequence[StopPair], today: date, days: int) -> None:
        self._pairs, self._today, self._days = pairs, today, days

    def source(self, seed: int) -> RequestSource:
        """Return an endless source of requests, the same for the same seed."""
        rng = random.Random(seed)
        return lambda: get(self.path(rng))

    def path(self, rng: random.Random) -> str:
        pair = rng.choice(self._pairs)
        by_city = rng.random() < 1 / 3
        parameters = {
            "origin": pair.origin_city if by_city else pair.origin,
            "destination": pair.destination_city if by_city else pair.destination,
            "date": self._today + timedelta(days=rng.randint(1, self._days - 2)),
            "passengers": rng.choice((1, 1, 2, 2, 3, 4)),
        }
        return f"/api/v1/schedules?{urlencode(parameters)}"


def check_same_results(ours: WebServer, floor: WebServer, paths: Sequence[str]) -> float:
    """Check that both sides give the same results (RunFailed); return the mean number of departures."""
    departures = 0
    for path in paths:
        answers = [_fetch(web, path) for web in (ours, floor)]
        if answers[0] != answers[1]:
            raise RunFailed(f"the sides answer differently to {path}")
        departures += len(answers[0]["results"])
    return departures / len(paths)


def _fetch(web: WebServer, path: str) -> Any:
    connection = HTTPConnection("127.0.0.1", web.port, timeout=10)
    connection.request("GET", path)
    answer = msgspec.json.decode(connection.getresponse().read())
    connection.close()
    # The floor looks for no other day when it finds nothing.
    for name in ("from_cache", "next_date"):
        answer.pop(name, None)
    return answer
