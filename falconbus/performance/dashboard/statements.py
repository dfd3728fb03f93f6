"""Statements: the heaviest, and those that are sent again and again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from falconbus.performance.dashboard import tracks
from falconbus.performance.dashboard.figures import PlanOut, RepeatedOut, StatementOut
from falconbus.performance.dashboard.periods import Period
from falconbus.performance.dashboard.remedies import remedy
from falconbus.performance.dashboard.rounding import milliseconds, ms, share
from falconbus.platform.database.engine import AnyRow
from falconbus.platform.telemetry import histogram, packing
from falconbus.platform.telemetry.histogram import Buckets
from falconbus.platform.telemetry.recent_minutes import Tail

#: How many of each list are shown.
HEAVIEST = 25
SLOWEST = 10
MOST_REPEATED = 25
#: The mean of fewer calls is chance, not slowness.
_ENOUGH_CALLS = 5


class Source(NamedTuple):
    """Who sent a statement from where."""

    owner: str
    fingerprint: str
    origin: str


@dataclass(slots=True)
class Sum:
    """A statement of one source over the period."""

    series_id: int | None = None
    calls: int = 0
    total_us: int = 0
    repeated: int = 0
    repeated_in: int = 0
    buckets: Buckets = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Description:
    """What is shown of a statement besides its figures."""

    text: str
    chain: list[str]
    plan: PlanOut | None = None


Sums = dict[Source, Sum]


def sums(rows: Iterable[AnyRow], tail: Tail, wanted: Callable[[Source], bool] = lambda _: True) -> Sums:
    """Rows of queries.statement_sums() and the tail's minutes; histograms are those of the tail only."""
    found: Sums = {}
    for row in rows:
        one = Sum(row.id, row.calls, row.total_us, row.repeated, row.repeated_in)
        found[Source(*row.key[1:4])] = one
    for key, series, _ in tracks.statements_in(tail):
        source = Source(*key[1:4])
        if wanted(source):
            one = found.setdefault(source, Sum())
            one.calls += series.count
            one.total_us += series.total_us
            one.repeated += series.counters.get("repeated", 0)
            one.repeated_in += series.counters.get("repeated_in", 0)
            histogram.add(one.buckets, series.buckets)
    return found


def by_fingerprint(found: Sums) -> dict[str, list[tuple[Source, Sum]]]:
    grouped: dict[str, list[tuple[Source, Sum]]] = {}
    for source, one in found.items():
        grouped.setdefault(source.fingerprint, []).append((source, one))
    return grouped


def shown(found: Sums) -> list[str]:
    """Fingerprints of the statements that took most time together, and of those that take longest each."""
    total: dict[str, int] = {}
    calls: dict[str, int] = {}
    for source, one in found.items():
        total[source.fingerprint] = total.get(source.fingerprint, 0) + one.total_us
        calls[source.fingerprint] = calls.get(source.fingerprint, 0) + one.calls
    heaviest = sorted(total, key=lambda name: (-total[name], name))[:HEAVIEST]
    slow = [name for name in total if calls[name] >= _ENOUGH_CALLS]
    slowest = sorted(slow, key=lambda name: (-total[name] / calls[name], name))[:SLOWEST]
    return sorted({*heaviest, *slowest}, key=lambda name: (-total[name], name))


def repeated(found: Sums, period: Period) -> list[tuple[Source, Sum]]:
    """What was sent again within requests, by the time that the repetitions take."""
    again = [(source, one) for source, one in found.items() if one.repeated and one.repeated_in]
    return sorted(again, key=lambda pair: (-wasted(pair[1], period), pair[0]))[:MOST_REPEATED]


def wasted(one: Sum, period: Period) -> float:
    """Microseconds an hour that the repetitions take: all calls but the first of each request."""
    return one.repeated * one.total_us / max(one.calls, 1) / period.hours


def describe(rows: Iterable[AnyRow], tail: Tail) -> dict[str, Description]:
    """Rows of queries.texts(), and what the tail knows of statements that were not rolled up yet."""
    described = {
        name: Description(one.text, one.chain) for _, seen in tail.minutes for name, one in seen.statements.items()
    }
    for row in rows:
        described[row.fingerprint] = Description(row.text, row.chain, _plan(row))
    return described


def statement(
    fingerprint: str,
    group: Sequence[tuple[Source, Sum]],
    buckets: Buckets,
    description: Description,
    period: Period,
    all_time: int,
) -> StatementOut:
    """One statement of all its sources; `all_time` are the microseconds of all statements."""
    calls, total = sum(one.calls for _, one in group), sum(one.total_us for _, one in group)
    heaviest_first = sorted(group, key=lambda pair: -pair[1].total_us)
    return StatementOut(
        fingerprint=fingerprint,
        text=description.text,
        owners=list(dict.fromkeys(source.owner for source, _ in heaviest_first)),
        origins=list(dict.fromkeys(source.origin for source, _ in heaviest_first)),
        calls=calls,
        mean_ms=milliseconds(total / max(calls, 1)),
        p95_ms=ms(histogram.p95(buckets)),
        total_ms=milliseconds(total),
        ms_per_hour=milliseconds(total / period.hours),
        time_share=share(total, all_time),
        repeated=sum(one.repeated for _, one in group),
        plan=description.plan,
    )


def repetition(source: Source, one: Sum, description: Description, period: Period) -> RepeatedOut:
    """One N+1 with its remedy."""
    return RepeatedOut(
        fingerprint=source.fingerprint,
        text=description.text,
        owner=source.owner,
        origin=source.origin,
        chain=description.chain or [source.origin],
        per_request=round(one.repeated / one.repeated_in + 1, 1),
        requests=one.repeated_in,
        ms_per_hour=milliseconds(wasted(one, period)),
        remedy=remedy(description.text),
    )


def histograms(rows: Iterable[AnyRow], found: Sums) -> Mapping[str, Buckets]:
    """By fingerprint: rows of queries.histograms() and the tail's parts in `found`."""
    whole = {row.fingerprint: packing.unpack(row.buckets) for row in rows}
    for source, one in found.items():
        if one.buckets:
            histogram.add(whole.setdefault(source.fingerprint, {}), one.buckets)
    return whole


def _plan(row: AnyRow) -> PlanOut | None:
    if not row.has_plan:
        return None
    return PlanOut(sorted(set(row.scans or ())), sorted(set(row.indexes or ())), row.cost)
