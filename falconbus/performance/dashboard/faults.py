"""Requests that were refused or failed, by why."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from falconbus.performance.dashboard.fault_figures import FailedOut, FaultOut
from falconbus.performance.dashboard.overview import SeriesSummary
from falconbus.platform.telemetry import minute_counts
from falconbus.platform.telemetry.minute_counts import Key
from falconbus.platform.telemetry.recent_minutes import RecentMinutes

#: How many are told, and how many requests of each are named.
MOST = 50
NAMED = 3


def faults(summaries: Mapping[Key, SeriesSummary], newest: RecentMinutes) -> list[FaultOut]:
    """Return what failed and then what was refused, most often first; each with its newest requests."""
    latest = _latest(newest)
    found = [
        FaultOut(int(status), why, owner, summary.total.count, _named(summary.failures, latest.get(key, ())))
        for key, summary in summaries.items()
        if key[0] == minute_counts.FAULT
        for _, status, why, owner in [key]
    ]
    return sorted(found, key=lambda fault: (fault.status < 500, -fault.number, fault.why, fault.endpoint))[:MOST]


def _latest(newest: RecentMinutes) -> dict[Key, list[tuple[float, str]]]:
    """Return the requests that Redis names, by fault: also those that are rolled up already."""
    found: dict[Key, list[tuple[float, str]]] = {}
    for _, seen in newest.minutes:
        for key, failures in seen.failures.items():
            found.setdefault(key, []).extend((failure.at, failure.request_id) for failure in failures)
    return found


def _named(*several: Iterable[tuple[float, str]]) -> list[FailedOut]:
    """Return the newest; one that both Redis and the rollups have is named once."""
    by_id = {request_id: at for each in several for at, request_id in each}
    newest = sorted(by_id.items(), key=lambda item: (-item[1], item[0]))[:NAMED]
    return [FailedOut(datetime.fromtimestamp(at, UTC), request_id) for request_id, at in newest]
