"""The details of one endpoint or one statement."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from falconbus.performance.dashboard import queries, statements
from falconbus.performance.dashboard.figures import OwnerOut, SampleOut, StatementDetailOut, StatementSeriesOut, StepOut
from falconbus.performance.dashboard.periods import Period
from falconbus.performance.dashboard.remedies import remedy
from falconbus.performance.dashboard.rounding import milliseconds, ms
from falconbus.performance.dashboard.statements import Description, Source, Sum
from falconbus.performance.dashboard.tracks import Track
from falconbus.platform.database.engine import AnyRow
from falconbus.platform.kit import clock
from falconbus.platform.telemetry import histogram
from falconbus.platform.telemetry.minute_counts import Key, Series, Step
from falconbus.platform.telemetry.recent_minutes import RecentMinutes

MOST_SAMPLES = 20


def samples(period: Period, key: str, series_id: int | None, unrolled: RecentMinutes) -> list[SampleOut]:
    """Return the slowest samples of an endpoint, slowest first."""
    rows = queries.samples(series_id, period.begin, period.end, MOST_SAMPLES) if series_id is not None else ()
    found = [
        (row.took_us, row.at, row.status, row.request_id, row.release or "", msgspec.convert(row.steps, list[Step]))
        for row in rows
    ]
    found += [
        (
            sample.took_us,
            datetime.fromtimestamp(sample.at, UTC),
            sample.status,
            sample.request_id,
            seen.release,
            sample.steps,
        )
        for _, seen in unrolled.minutes
        for sample in seen.samples
        if sample.owner == key
    ]
    slowest = sorted(found, key=lambda row: (-row[0], row[1]))[:MOST_SAMPLES]
    names = {step.name for sample in slowest for step in sample[5] if step.kind == "statement"}
    known = statements.describe(queries.texts(names), unrolled)
    return [
        SampleOut(at, milliseconds(took), status, request_id, release, [_step(step, known) for step in steps])
        for took, at, status, request_id, release, steps in slowest
    ]


def statement(
    period: Period,
    fingerprint: str,
    known: Description,
    row: AnyRow | None,
    found: dict[Key, Track],
    *,
    is_complete: bool,
) -> StatementDetailOut:
    """Return one statement with its sources, over time; `row` is None when it was not rolled up yet."""
    whole = Track()
    group = [(Source(*key[1:4]), _sum(track.total())) for key, track in found.items()]
    for track in found.values():
        whole.merge(track)
    shown = statements.statement(fingerprint, group, whole.total().buckets, known, period, 0)
    return StatementDetailOut(
        period=period.out(),
        statement=shown,
        chain=known.chain,
        types=row.types if row else [],
        owners=_owners(group),
        series=_over_time(whole, period),
        remedy=remedy(known.text) if shown.repeated else None,
        plan=row.plan if row else None,
        plan_fault=row.plan_fault if row else None,
        planned_at=row.planned_at if row else None,
        first_seen=row.first_seen if row else None,
        generated_at=clock.now(),
        is_complete=is_complete,
    )


def _step(step: Step, known: dict[str, Description]) -> StepOut:
    text = known[step.name].text if step.kind == "statement" and step.name in known else ""
    return StepOut(step.kind, step.name, text, step.origin, milliseconds(step.at_us), milliseconds(step.took_us))


def _sum(total: Series) -> Sum:
    counters = total.counters
    return Sum(None, total.count, total.total_us, counters.get("repeated", 0), counters.get("repeated_in", 0))


def _owners(group: Iterable[tuple[Source, Sum]]) -> list[OwnerOut]:
    heaviest_first = sorted(group, key=lambda pair: (-pair[1].total_us, pair[0]))
    return [
        OwnerOut(source.owner, source.origin, sums.calls, milliseconds(sums.total_us), sums.repeated)
        for source, sums in heaviest_first
    ]


def _over_time(track: Track, period: Period) -> StatementSeriesOut:
    found = [track.slots.get(number) for number in range(period.slots)]
    percentiles = [histogram.percentiles(slot.buckets if slot else {}, (50, 95)) for slot in found]
    return StatementSeriesOut(
        at=period.starts(),
        calls=[slot.count if slot else 0 for slot in found],
        total_ms=[milliseconds(slot.total_us) if slot else 0.0 for slot in found],
        p50_ms=[ms(p50) for p50, _ in percentiles],
        p95_ms=[ms(p95) for _, p95 in percentiles],
    )
