"""The dashboard's use cases. Periods come from periods.period_of(); results are those of figures.py.

The newest minutes are read first, then the rows with the marks of what is rolled up: each minute counts once.
"""

import re

from falconbus.performance.dashboard import (
    details,
    endpoints,
    faults,
    overview,
    queries,
    reading,
    sorting,
    statements,
    tracks,
)
from falconbus.performance.dashboard.budgets import budgets
from falconbus.performance.dashboard.errors import EndpointNotFound, StatementNotFound
from falconbus.performance.dashboard.figures import DashboardOut, EndpointDetailOut, ReleaseOut, StatementDetailOut
from falconbus.performance.dashboard.overview import SeriesSummary
from falconbus.performance.dashboard.parts import OtherSeries
from falconbus.performance.dashboard.periods import Period
from falconbus.performance.dashboard.sorting import Sort
from falconbus.performance.dashboard.tracks import Track
from falconbus.platform.kit import clock
from falconbus.platform.telemetry import minute_counts, recent_minutes

_MOST_RELEASES = 50
_FINGERPRINT = re.compile(r"[0-9a-f]{1,16}")


def get_dashboard(period: Period, sort: Sort = Sort.TIME) -> DashboardOut:
    """Return all endpoints, statements, caches, limits, tasks and queues over a period."""
    newest = tracks.within(recent_minutes.present(), period)
    seen, allowed, others = overview.overview(period, newest, faults.NAMED), budgets(), OtherSeries()
    for key, summary in seen.summaries.items():
        others.add(key, summary.total)
    listed = [
        endpoints.endpoint(key[1], summary, allowed.get(key[1]), seen.requests.total_us)
        for key, summary in seen.summaries.items()
        if key[0] == minute_counts.ENDPOINT
    ]
    heaviest, repeated = reading.statements_of(period, newest)
    return DashboardOut(
        period=period.out(),
        totals=endpoints.totals(seen.requests, period, others.recorder, others.refused),
        series=endpoints.over_time(seen.over_time, period),
        endpoints=sorting.ordered(listed, sort),
        statements=heaviest,
        repeated=repeated,
        caches=sorted(others.caches, key=lambda cache: cache.group),
        limits=sorted(others.limits, key=lambda limit: limit.name),
        faults=faults.faults(seen.summaries, newest),
        tasks=sorted(others.tasks, key=lambda task: task.name),
        queues=sorted(others.queues, key=lambda queue: queue.name),
        releases=[ReleaseOut(*row) for row in queries.releases(period, _MOST_RELEASES)],
        generated_at=clock.now(),
        is_complete=newest.is_complete,
    )


def get_endpoint(period: Period, key: str) -> EndpointDetailOut:
    """Return one endpoint, by method and route rule; EndpointNotFound when it neither exists nor was ever called."""
    newest = tracks.within(recent_minutes.present(), period)
    name, allowed = (minute_counts.ENDPOINT, key), budgets()
    series_id = queries.find_endpoint_id(key)
    rows = queries.chosen_series(period, [series_id], tracks.minutes_of(newest)) if series_id is not None else ()
    unrolled = tracks.unrolled(newest, rows)
    found = dict(tracks.tracks(period, rows, unrolled, lambda each: each == name))
    if series_id is None and not found and key not in allowed:
        raise EndpointNotFound(pointer="endpoint")
    track = found.get(name, Track())
    summary = SeriesSummary(track.total(), *overview.of_track(track, period))
    heaviest, repeated = reading.statements_of(period, newest, key)
    return EndpointDetailOut(
        period=period.out(),
        endpoint=endpoints.endpoint(key, summary, allowed.get(key)),
        series=endpoints.over_time(track, period),
        heat=endpoints.heat(track, period),
        statements=heaviest,
        repeated=repeated,
        samples=details.samples(period, key, series_id, unrolled),
        generated_at=clock.now(),
        is_complete=newest.is_complete,
    )


def get_statement(period: Period, fingerprint: str) -> StatementDetailOut:
    """Return one statement; StatementNotFound when it was never recorded."""
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise StatementNotFound(pointer="fingerprint")
    newest = tracks.within(recent_minutes.present(), period)
    row = queries.find_statement(fingerprint)
    known = statements.describe(queries.texts([fingerprint]) if row else (), newest).get(fingerprint)
    if known is None:
        raise StatementNotFound(pointer="fingerprint")
    rows = queries.chosen_series(period, queries.statement_ids(fingerprint), tracks.minutes_of(newest))
    unrolled = tracks.unrolled(newest, rows)
    found = tracks.tracks(
        period, rows, unrolled, lambda key: key[0] == minute_counts.STATEMENT and key[2] == fingerprint
    )
    return details.statement(period, fingerprint, known, row, dict(found), is_complete=newest.is_complete)
