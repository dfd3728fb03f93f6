"""Search, warm: popular searches over and over, all of our middleware on, against a view with the bytes in memory."""

import random
from collections.abc import Callable, Sequence
from http.client import HTTPConnection

import msgspec

from benchmarks import line, loading
from benchmarks.load import Source, get
from benchmarks.places import Databases
from benchmarks.report import Goal, Report
from benchmarks.rounds import RunFailed, Side, alternate, processor_ratio, ratio
from benchmarks.search import Searches
from benchmarks.web import FLOOR, OURS, Web

REACH = 0.8
_POPULAR = 100


def run(databases: Databases, *, seconds: float, clients: int) -> Report:
    """Both sides have every answer before the load begins; ours must go on saying HIT, the same bytes."""
    loading.ensure(databases, "line", line.SEARCH)
    settings = databases.settings("line")
    searches = Searches(line.rides(line.SEARCH), databases.today(), line.SEARCH.days)
    chance = random.Random(7)
    queries = [searches.path(chance).partition("?")[2] for _ in range(_POPULAR)]
    with Web("floor", FLOOR, settings) as floor, Web("ours", OURS, settings) as ours:
        _prepare(ours, floor, queries)
        sides = [Side(ours, _source("/api/v1/schedules", queries)), Side(floor, _source("/warm", queries))]
        alternate(sides, clients=clients, seconds=seconds)
        kept = sum(_is_kept(ours, f"/api/v1/schedules?{query}") for query in queries)
    if kept < 0.9 * len(queries):
        raise RunFailed(f"only {kept} of {len(queries)} searches were hits in the end")
    return Report(
        "search, warm",
        rows=[side.figures() for side in sides],
        goals=[Goal("requests a second, of a view that has the bytes", ratio(sides[0].rates, sides[1].rates), REACH)],
        notes=[
            f"{_POPULAR} searches, {clients} clients; {kept} of them hits in the end",
            f"a request costs {processor_ratio(*sides):.2f} times the floor's processor time",
        ],
    )


def _source(path: str, queries: Sequence[str]) -> Callable[[int], Source]:
    requests = [get(f"{path}?{query}") for query in queries]

    def of(seed: int) -> Source:
        chance = random.Random(seed)
        return lambda: chance.choice(requests)

    return of


def _prepare(ours: Web, floor: Web, queries: Sequence[str]) -> None:
    """Warm ours, on every process; give the floor's processes the bytes that ours answers."""
    answers: dict[str, bytes] = {}
    for _ in range(12):
        for query in queries:
            _, answers[query] = _fetch(ours, f"/api/v1/schedules?{query}")
    body = msgspec.json.encode(answers)
    for _ in range(24):
        connection = HTTPConnection("127.0.0.1", floor.port, timeout=10)
        connection.request("PUT", "/warm", body)
        if connection.getresponse().status != 204:
            raise RunFailed("the floor takes no answers")
        connection.close()


def _is_kept(web: Web, path: str) -> bool:
    """Whether an answer is kept; all were made at once, so that all may have just grown old together."""
    return "HIT" in {_fetch(web, path)[0] for _ in range(2)}


def _fetch(web: Web, path: str) -> tuple[str | None, bytes]:
    connection = HTTPConnection("127.0.0.1", web.port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.getheader("X-Cache"), body
