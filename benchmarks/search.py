"""Search, cold: no two requests alike, all of our middleware on, against the floor's SQL and JSON."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import msgspec

from benchmarks import line, loading
from benchmarks.line import Ride
from benchmarks.load import Source, drive, get
from benchmarks.places import Databases
from benchmarks.report import Goal, Report
from benchmarks.rounds import RunFailed, Side, alternate, processor_ratio, ratio
from benchmarks.web import FLOOR, OURS, Web

REACH = 0.5
_COMPARED = 100


def run(databases: Databases, *, seconds: float, clients: int) -> Report:
    """Both sides on the same 24,000 schedules with a million claims."""
    loading.ensure(databases, "line", line.SEARCH)
    settings = databases.settings("line")
    asked = Searches(line.rides(line.SEARCH), databases.today(), line.SEARCH.days)
    with Web("floor", FLOOR, settings) as floor, Web("ours", OURS, settings) as ours:
        shown = check_same(ours, floor, [asked.path(random.Random(0)) for _ in range(_COMPARED)])
        ping = drive(floor.port, lambda: get("/ping"), clients=clients, seconds=1)
        sides = [Side(ours, asked.source), Side(floor, asked.source)]
        alternate(sides, clients=clients, seconds=seconds)
    return Report(
        "search, cold",
        rows=[side.figures() for side in sides],
        goals=[Goal("requests a second, of the floor's", ratio(sides[0].rates, sides[1].rates), REACH)],
        notes=[
            f"{line.SEARCH.schedules:,} schedules, {shown:.1f} departures an answer, {clients} clients",
            f"a request costs {processor_ratio(*sides):.2f} times the floor's processor time",
            f"the load generator gets {ping.rate:,.0f} answers a second from a view that does nothing",
        ],
    )


class Searches:
    """What travellers ask: any two places that a route joins, by code or by city, on any day of the horizon."""

    def __init__(self, rides: Sequence[Ride], today: date, days: int) -> None:
        self._rides, self._today, self._days = rides, today, days

    def source(self, seed: int) -> Source:
        """Requests without end, the same ones for the same seed."""
        chance = random.Random(seed)
        return lambda: get(self.path(chance))

    def path(self, chance: random.Random) -> str:
        ride = chance.choice(self._rides)
        by_city = chance.random() < 1 / 3
        asked = {
            "origin": ride.origin_city if by_city else ride.origin,
            "destination": ride.destination_city if by_city else ride.destination,
            "date": self._today + timedelta(days=chance.randint(1, self._days - 2)),
            "passengers": chance.choice((1, 1, 2, 2, 3, 4)),
        }
        return f"/api/v1/schedules?{urlencode(asked)}"


def check_same(ours: Web, floor: Web, paths: Sequence[str]) -> float:
    """RunFailed unless both sides answer the same; the mean number of departures an answer."""
    departures = 0
    for path in paths:
        answers = [_fetch(web, path) for web in (ours, floor)]
        if answers[0] != answers[1]:
            raise RunFailed(f"the sides answer differently to {path}")
        departures += len(answers[0]["results"])
    return departures / len(paths)


def _fetch(web: Web, path: str) -> Any:
    connection = HTTPConnection("127.0.0.1", web.port, timeout=10)
    connection.request("GET", path)
    answer = msgspec.json.decode(connection.getresponse().read())
    connection.close()
    answer.pop("from_cache", None)
    return answer
