"""Benchmark of cached search: popular searches repeated, all our middleware on, against a view with the bytes."""

import random
from collections.abc import Callable, Sequence
from http.client import HTTPConnection

import msgspec

from benchmarks import dataset, network
from benchmarks.environment import Databases
from benchmarks.load_generator import RequestSource, get
from benchmarks.paired_rounds import RunFailed, Side, alternate, cpu_ratio, median_ratio
from benchmarks.report import Goal, Report
from benchmarks.search import SearchRequests
from benchmarks.server import FLOOR, OURS, WebServer

REACH = 0.8
_POPULAR = 100


def run(databases: Databases, *, seconds: float, clients: int) -> Report:
    """Load both sides in turns after all responses are cached; ours must go on answering HIT."""
    dataset.ensure(databases, "line", network.SEARCH)
    settings = databases.settings("line")
    searches = SearchRequests(network.stop_pairs(network.SEARCH), databases.today(), network.SEARCH.days)
    rng = random.Random(7)
    queries = [searches.path(rng).partition("?")[2] for _ in range(_POPULAR)]
    with WebServer("floor", FLOOR, settings) as floor, WebServer("ours", OURS, settings) as ours:
        _prepare(ours, floor, queries)
        sides = [Side(ours, _source("/api/v1/schedules", queries)), Side(floor, _source("/warm", queries))]
        alternate(sides, clients=clients, seconds=seconds)
        kept = sum(_is_kept(ours, f"/api/v1/schedules?{query}") for query in queries)
    if kept < 0.9 * len(queries):
        raise RunFailed(f"only {kept} of {len(queries)} searches were hits in the end")
    return Report(
        "search, warm",
        rows=[side.figures() for side in sides],
        goals=[
            Goal("requests a second, of a view that has the bytes", median_ratio(sides[0].rates, sides[1].rates), REACH)
        ],
        notes=[
            f"{_POPULAR} searches, {clients} clients; {kept} of them hits in the end",
            f"a request costs {cpu_ratio(*sides):.2f} times the floor's processor time",
        ],
    )


def _source(path: str, queries: Sequence[str]) -> Callable[[int], RequestSource]:
    requests = [get(f"{path}?{query}") for query in queries]

    def of(seed: int) -> RequestSource:
        rng = random.Random(seed)
        return lambda: rng.choice(requests)

    return of


def _prepare(ours: WebServer, floor: WebServer, queries: Sequence[str]) -> None:
    """Warm the cache of every process of ours, and give the floor's processes the bytes of our responses."""
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


def _is_kept(web: WebServer, path: str) -> bool:
    """Tell whether a response is cached, in two attempts: all were made at once and may just have expired together."""
    return "HIT" in {_fetch(web, path)[0] for _ in range(2)}


def _fetch(web: WebServer, path: str) -> tuple[str | None, bytes]:
    connection = HTTPConnection("127.0.0.1", web.port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.getheader("X-Cache"), body
