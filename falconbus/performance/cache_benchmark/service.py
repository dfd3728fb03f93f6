"""Trying every cache group: the first request of an address must be made, the second one found."""

from collections.abc import Iterator, Sequence
from itertools import islice
from statistics import median

from sqlalchemy.exc import DBAPIError

from falconbus.performance.cache_benchmark import queries
from falconbus.performance.cache_benchmark.addresses import TRIED, addresses
from falconbus.performance.cache_benchmark.asking import PLAIN, Heard, Line
from falconbus.performance.cache_benchmark.errors import CannotTry, NoDepartures
from falconbus.performance.cache_benchmark.own_web import own_web
from falconbus.performance.cache_benchmark.queries import Ride
from falconbus.performance.cache_benchmark.results import GroupTrial, Size, Trial, Try
from falconbus.performance.caches.statistics import ask_redis
from falconbus.platform.caching.groups import Group
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings

Candidates = dict[Group, Iterator[str]]
ENCODINGS = ("gzip", "br", "zstd")
#: Requests of each group that only warm a web that has just been started: connections, prepared statements.
_WARMING = 6
#: How many addresses may turn out to be cached already.
_IN_VAIN = 10


def try_system(url: str, rounds: int) -> Trial:
    """Try a running system that is on the present database; CannotTry."""
    with Line(url) as line:
        line.ask("/api/v1/health/live")
        return _try_all(url, line, _candidates(_rides()), rounds, own=False)


def try_own_web(rounds: int) -> Trial:
    """Start a web on the present database and Redis, and try that; CannotTry, CacheAway."""
    ask_redis()
    candidates = _candidates(_rides())
    with own_web(get_settings()) as url, Line(url) as line:
        for some in candidates.values():
            for address in islice(some, _WARMING):
                line.ask(address)
        return _try_all(url, line, candidates, rounds, own=True)


def _candidates(rides: Sequence[Ride]) -> Candidates:
    return {group: addresses(group, rides) for group in TRIED}


def _rides() -> list[Ride]:
    try:
        found = transactions.run(lambda: queries.rides(clock.now()))
    except DBAPIError as fault:
        kind = type(fault.orig).__name__
        raise CannotTry(f"the database cannot be asked ({kind}): `./falcon db upgrade` makes its tables") from None
    if not found:
        raise NoDepartures
    return found


def _try_all(url: str, line: Line, candidates: Candidates, rounds: int, *, own: bool) -> Trial:
    trial = Trial(url, own, [], [])
    try:
        for group, some in candidates.items():
            trial.groups.append(_try_group(line, group, some, rounds, trial.faults))
    except CannotTry as fault:
        # What was found until then is worth showing.
        trial.faults.append(str(fault))
    return trial


def _try_group(line: Line, group: Group, candidates: Iterator[str], rounds: int, faults: list[str]) -> GroupTrial:
    tries: list[Try] = []
    in_vain = 0
    while len(tries) < rounds and in_vain < _IN_VAIN and (address := next(candidates, None)):
        first = line.ask(address)
        if first.status == 200 and first.cache in {"HIT", "STALE"}:
            in_vain += 1
            continue
        second = line.ask(address)
        found = [*_faults(address, first, "first", "MISS"), *_faults(address, second, "second", "HIT")]
        if found:
            faults += found
            break
        tries.append(Try(address, _ms(first.ms), _ms(second.ms), round(first.ms / second.ms, 1)))
    else:
        if len(tries) < rounds:
            faults.append(f"{group}: {len(tries)} of {rounds} tries, the other addresses are cached already")
    plain, sizes = _sizes(line, tries[0].address) if tries else (None, [])
    return _summed_up(group, tries, plain, sizes)


def _faults(address: str, heard: Heard, which: str, expected: str) -> list[str]:
    if heard.status != 200:
        return [f"{address}: the {which} request is answered {heard.status}, not 200"]
    if heard.cache != expected:
        return [f"{address}: the {which} request says X-Cache: {heard.cache or 'nothing'}, not {expected}"]
    return []


def _sizes(line: Line, address: str) -> tuple[int, list[Size]]:
    plain = line.ask(address, PLAIN).bytes
    sizes = []
    for encoding in ENCODINGS:
        heard = line.ask(address, encoding)
        saved = round(1 - heard.bytes / plain, 3) if heard.encoding == encoding and plain else None
        sizes.append(Size(encoding, heard.bytes, saved))
    return plain, sizes


def _summed_up(group: Group, tries: list[Try], plain: int | None, sizes: list[Size]) -> GroupTrial:
    if not tries:
        return GroupTrial(group.name, tries, None, None, None, plain, sizes)
    first, second = median(each.first_ms for each in tries), median(each.second_ms for each in tries)
    return GroupTrial(group.name, tries, _ms(first), _ms(second), round(first / second, 1), plain, sizes)


def _ms(milliseconds: float) -> float:
    """To three places that mean something."""
    return float(f"{milliseconds:.3g}")
