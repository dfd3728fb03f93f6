"""The benchmark of every cache group: an address's first request must be a MISS, its second a HIT."""

from collections.abc import Iterator, Sequence
from itertools import islice
from statistics import median

from sqlalchemy.exc import DBAPIError

from falconbus.performance.cache_benchmark import queries
from falconbus.performance.cache_benchmark.addresses import BENCHMARKED_GROUPS, addresses
from falconbus.performance.cache_benchmark.errors import CannotBenchmark, NoDepartures
from falconbus.performance.cache_benchmark.http_client import PLAIN, HttpConnection, TimedResponse
from falconbus.performance.cache_benchmark.own_web import own_web
from falconbus.performance.cache_benchmark.queries import Ride
from falconbus.performance.cache_benchmark.results import BenchmarkResult, EncodingSize, GroupResult, Measurement
from falconbus.performance.caches.statistics import ask_redis
from falconbus.platform.caching.groups import Group
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings

Candidates = dict[Group, Iterator[str]]
ENCODINGS = ("gzip", "br", "zstd")
#: Requests of each group that warm a web just started: connections, prepared statements.
_WARM_UP_REQUESTS = 6
#: How many addresses of a group may turn out to be cached already.
_MAX_ALREADY_CACHED = 10


def benchmark_system(url: str, rounds: int) -> BenchmarkResult:
    """Benchmark a running system that is on the present database; CannotBenchmark."""
    with HttpConnection(url) as connection:
        connection.ask("/api/v1/health/live")
        return _benchmark_groups(url, connection, _candidates(_rides()), rounds, own=False)


def benchmark_own_web(rounds: int) -> BenchmarkResult:
    """Start a web on the present database and Redis, and benchmark it; CannotBenchmark, CacheAway."""
    ask_redis()
    candidates = _candidates(_rides())
    with own_web(get_settings()) as url, HttpConnection(url) as connection:
        for addresses_of_group in candidates.values():
            for address in islice(addresses_of_group, _WARM_UP_REQUESTS):
                connection.ask(address)
        return _benchmark_groups(url, connection, candidates, rounds, own=True)


def _candidates(rides: Sequence[Ride]) -> Candidates:
    return {group: addresses(group, rides) for group in BENCHMARKED_GROUPS}


def _rides() -> list[Ride]:
    try:
        found = transactions.run(lambda: queries.rides(clock.now()))
    except DBAPIError as fault:
        kind = type(fault.orig).__name__
        raise CannotBenchmark(
            f"the database cannot be asked ({kind}): `./falcon db upgrade` makes its tables"
        ) from None
    if not found:
        raise NoDepartures
    return found


def _benchmark_groups(
    url: str, connection: HttpConnection, candidates: Candidates, rounds: int, *, own: bool
) -> BenchmarkResult:
    result = BenchmarkResult(url, own, [], [])
    try:
        for group, candidate_addresses in candidates.items():
            result.groups.append(_benchmark_group(connection, group, candidate_addresses, rounds, result.faults))
    except CannotBenchmark as fault:
        # The results until then are worth showing.
        result.faults.append(str(fault))
    return result


def _benchmark_group(
    connection: HttpConnection, group: Group, candidates: Iterator[str], rounds: int, faults: list[str]
) -> GroupResult:
    tries: list[Measurement] = []
    already_cached = 0
    while len(tries) < rounds and already_cached < _MAX_ALREADY_CACHED and (address := next(candidates, None)):
        first = connection.ask(address)
        if first.status == 200 and first.cache in {"HIT", "STALE"}:
            already_cached += 1
            continue
        second = connection.ask(address)
        found = [*_faults(address, first, "first", "MISS"), *_faults(address, second, "second", "HIT")]
        if found:
            faults += found
            break
        tries.append(Measurement(address, _ms(first.ms), _ms(second.ms), _ratio(first.ms, second.ms)))
    else:
        if len(tries) < rounds:
            faults.append(f"{group}: {len(tries)} of {rounds} tries, the other addresses are cached already")
    plain, sizes = _sizes(connection, tries[0].address) if tries else (None, [])
    return _group_result(group, tries, plain, sizes)


def _faults(address: str, response: TimedResponse, which: str, expected: str) -> list[str]:
    if response.status != 200:
        return [f"{address}: the {which} request is answered {response.status}, not 200"]
    if response.cache != expected:
        return [f"{address}: the {which} request says X-Cache: {response.cache or 'nothing'}, not {expected}"]
    return []


def _sizes(connection: HttpConnection, address: str) -> tuple[int, list[EncodingSize]]:
    plain = connection.ask(address, PLAIN).bytes
    sizes = []
    for encoding in ENCODINGS:
        response = connection.ask(address, encoding)
        saved = round(1 - response.bytes / plain, 3) if response.encoding == encoding and plain else None
        sizes.append(EncodingSize(encoding, response.bytes, saved))
    return plain, sizes


def _group_result(group: Group, tries: list[Measurement], plain: int | None, sizes: list[EncodingSize]) -> GroupResult:
    if not tries:
        return GroupResult(group.name, tries, None, None, None, plain, sizes)
    first, second = median(each.first_ms for each in tries), median(each.second_ms for each in tries)
    return GroupResult(group.name, tries, _ms(first), _ms(second), _ratio(first, second), plain, sizes)


def _ratio(first: float, second: float) -> float:
    """Return the ratio of what is shown, to one decimal."""
    return round(_ms(first) / _ms(second), 1)


def _ms(milliseconds: float) -> float:
    """Round to three significant digits."""
    return float(f"{milliseconds:.3g}")
