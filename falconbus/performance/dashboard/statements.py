"""Statements: the heaviest, and the repeated ones."""

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
from falconbus.platform.telemetry.recent_minutes import RecentMinutes

#: How many of each list are shown.
HEAVIEST = 25
SLOWEST = 10
MOST_REPEATED = 25
#: The mean of fewer calls is chance, not slowness.
_ENOUGH_CALLS = 5


class Source(NamedTuple):
    """A statement, who sent it, and from which line."""

    owner: str
    fingerprint: str
    origin: str


@dataclass(slots=True)
class Sum:
    """The sums of a statement of one source over the period."""

    series_id: int | None = None
    calls: int = 0
    total_us: int = 0
    repeated: int = 0
    repeated_in: int = 0
    buckets: Buckets = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Description:
    """The text and call chain of a statement."""

    text: str
    chain: list[str]
    plan: PlanOut | None = None


Sums = dict[Source, Sum]


def sums(rows: Iterable[AnyRow], recent: RecentMinutes, wanted: Callable[[Source], bool] = lambda _: True) -> Sums:
    """Add up rows of queries.statement_sums() and the newest minutes; only these have histograms."""
    found: Sums = {}
    for row in rows:
        usage = Sum(row.id, row.calls, row.total_us, row.repeated, row.repeated_in)
        found[Source(*row.key[1:4])] = usage
    for key, series, _ in tracks.statements_in(recent):
        source = Source(*key[1:4])
        if wanted(source):
            usage = found.setdefault(source, Sum())
            usage.calls += series.count
            usage.total_us += series.total_us
            usage.repeated += series.counters.get("repeated", 0)
            usage.repeated_in += series.counters.get("repeated_in", 0)
            histogram.add(usage.buckets, series.buckets)
    return found


def by_fingerprint(found: Sums) -> dict[str, list[tuple[Source, Sum]]]:
    grouped: dict[str, list[tuple[Source, Sum]]] = {}
    for source, usage in found.items():
        grouped.setdefault(source.fingerprint, []).append((source, usage))
    return grouped


def shown(found: Sums) -> list[str]:
    """Return the fingerprints of the statements with the most total time, and of those with the longest mean."""
    total: dict[str, int] = {}
    calls: dict[str, int] = {}
    for source, usage in found.items():
        total[source.fingerprint] = total.get(source.fingerprint, 0) + usage.total_us
        calls[source.fingerprint] = calls.get(source.fingerprint, 0) + usage.calls
    heaviest = sorted(total, key=lambda name: (-total[name], name))[:HEAVIEST]
    slow = [name for name in total if calls[name] >= _ENOUGH_CALLS]
    slowest = sorted(slow, key=lambda name: (-total[name] / calls[name], name))[:SLOWEST]
    return sorted({*heaviest, *slowest}, key=lambda name: (-total[name], name))


def repeated(found: Sums, period: Period) -> list[tuple[Source, Sum]]:
    """Return what was sent again within requests, by the time that the repetitions take."""
    again = [(source, usage) for source, usage in found.items() if usage.repeated and usage.repeated_in]
    return sorted(again, key=lambda pair: (-wasted(pair[1], period), pair[0]))[:MOST_REPEATED]


def wasted(usage: Sum, period: Period) -> float:
    """Return the microseconds an hour that repetitions take: all calls but the first of each request."""
    return usage.repeated * usage.total_us / max(usage.calls, 1) / period.hours


def describe(rows: Iterable[AnyRow], recent: RecentMinutes) -> dict[str, Description]:
    """Return descriptions by fingerprint, from rows of queries.texts() and from the newest minutes."""
    described = {
        name: Description(statement.text, statement.chain)
        for _, seen in recent.minutes
        for name, statement in seen.statements.items()
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
    """Return one statement of all its sources; `all_time` are the microseconds of all statements."""
    calls, total = sum(usage.calls for _, usage in group), sum(usage.total_us for _, usage in group)
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
        repeated=sum(usage.repeated for _, usage in group),
        plan=description.plan,
    )


def repetition(source: Source, usage: Sum, description: Description, period: Period) -> RepeatedOut:
    """Return one N+1 with its remedy."""
    return RepeatedOut(
        fingerprint=source.fingerprint,
        text=description.text,
        owner=source.owner,
        origin=source.origin,
        chain=description.chain or [source.origin],
        per_request=round(usage.repeated / usage.repeated_in + 1, 1),
        requests=usage.repeated_in,
        ms_per_hour=milliseconds(wasted(usage, period)),
        remedy=remedy(description.text),
    )


def histograms(rows: Iterable[AnyRow], found: Sums) -> Mapping[str, Buckets]:
    """Return histograms by fingerprint: rows of queries.histograms() with the newest minutes' parts in `found`."""
    whole = {row.fingerprint: packing.unpack(row.buckets) for row in rows}
    for source, usage in found.items():
        if usage.buckets:
            histogram.add(whole.setdefault(source.fingerprint, {}), usage.buckets)
    return whole


def _plan(row: AnyRow) -> PlanOut | None:
    if not row.has_plan:
        return None
    return PlanOut(sorted(set(row.scans or ())), sorted(set(row.indexes or ())), row.cost)
