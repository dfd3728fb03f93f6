"""What the dashboard shows. Periods come from periods.period_of(); everything is a value of values.py.

The newest minutes are read first, then the rows with the marks of what is rolled up: each minute counts once.
"""

from falconbus.kit import clock
from falconbus.performance.dashboard import details, endpoints, parts, queries, reading, sorting, statements, tracks
from falconbus.performance.dashboard.budgets import budgets
from falconbus.performance.dashboard.errors import EndpointNotFound, StatementNotFound
from falconbus.performance.dashboard.periods import Period
from falconbus.performance.dashboard.sorting import Sort
from falconbus.performance.dashboard.tracks import Track, Tracks
from falconbus.performance.dashboard.values import DashboardOut, EndpointDetailOut, ReleaseOut, StatementDetailOut
from falconbus.telemetry import state, tail
from falconbus.telemetry.state import Series

_KINDS = (state.ENDPOINT, state.CACHE, state.LIMIT, state.TASK, state.QUEUE, state.RECORDER)
_MOST_RELEASES = 50


def get_dashboard(period: Period, sort: Sort = Sort.TIME) -> DashboardOut:
    """All endpoints, statements, caches, limits, tasks and queues over a period."""
    newest = tracks.within(tail.present(), period)
    found = reading.tracks_of(period, _KINDS, newest)
    requests = {key[1]: track for key, track in found.items() if key[0] == state.ENDPOINT}
    whole, allowed = tracks.together(requests.values()), budgets()
    listed = [
        endpoints.endpoint(key, each, period, allowed.get(key), whole.total.total_us) for key, each in requests.items()
    ]
    limits = [parts.limit(name, series) for name, series in _totals(found, state.LIMIT)]
    recorder = found.get((state.RECORDER,), Track()).total
    heaviest, repeated = reading.statements_of(period, newest)
    return DashboardOut(
        period=period.out(),
        totals=endpoints.totals(whole, period, recorder, sum(limit.refused for limit in limits)),
        series=endpoints.over_time(whole, period),
        endpoints=sorting.ordered(listed, sort),
        statements=heaviest,
        repeated=repeated,
        caches=[parts.cache(name, series) for name, series in _totals(found, state.CACHE)],
        limits=limits,
        tasks=[parts.task(name, series) for name, series in _totals(found, state.TASK)],
        queues=[parts.queue(name, series) for name, series in _totals(found, state.QUEUE)],
        releases=[ReleaseOut(*row) for row in queries.releases(period, _MOST_RELEASES)],
        generated_at=clock.now(),
        is_complete=newest.is_complete,
    )


def get_endpoint(period: Period, key: str) -> EndpointDetailOut:
    """One endpoint, by method and route rule; EndpointNotFound when it is neither there nor was ever called."""
    newest = tracks.within(tail.present(), period)
    name, allowed = (state.ENDPOINT, key), budgets()
    series_id = queries.find_endpoint_id(key)
    rows = queries.chosen_series(period, [series_id], tracks.minutes_of(newest)) if series_id is not None else ()
    unrolled = tracks.unrolled(newest, rows)
    found = tracks.put_together(period, rows, unrolled, lambda each: each == name)
    if series_id is None and not found and key not in allowed:
        raise EndpointNotFound(pointer="endpoint")
    track = found.get(name, Track())
    heaviest, repeated = reading.statements_of(period, newest, key)
    return EndpointDetailOut(
        period=period.out(),
        endpoint=endpoints.endpoint(key, track, period, allowed.get(key), 0),
        series=endpoints.over_time(track, period),
        heat=endpoints.heat(track, period),
        statements=heaviest,
        repeated=repeated,
        samples=details.samples(period, key, series_id, unrolled),
        generated_at=clock.now(),
        is_complete=newest.is_complete,
    )


def get_statement(period: Period, fingerprint: str) -> StatementDetailOut:
    """One statement; StatementNotFound when it was never met."""
    newest = tracks.within(tail.present(), period)
    row = queries.find_statement(fingerprint)
    known = statements.describe(queries.texts([fingerprint]) if row else (), newest).get(fingerprint)
    if known is None:
        raise StatementNotFound(pointer="fingerprint")
    rows = queries.chosen_series(period, queries.statement_ids(fingerprint), tracks.minutes_of(newest))
    found = tracks.put_together(
        period, rows, tracks.unrolled(newest, rows), lambda key: key[0] == state.STATEMENT and key[2] == fingerprint
    )
    return details.statement(period, fingerprint, known, row, found, is_complete=newest.is_complete)


def _totals(found: Tracks, kind: str) -> list[tuple[str, Series]]:
    """What was seen of a kind, by name."""
    return sorted(((key[1], track.total) for key, track in found.items() if key[0] == kind), key=lambda pair: pair[0])
