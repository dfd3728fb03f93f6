"""What costs time: repeated statements, indexes missing or unused, broken budgets; each with its remedy."""

from collections.abc import Collection, Iterator, Sequence

from falconbus.performance.advisor import service as advisor
from falconbus.performance.advisor.models import AdviceState
from falconbus.performance.advisor.read_model import AdviceOut
from falconbus.performance.dashboard.figures import DashboardOut
from falconbus.performance.pages import formats, frame
from falconbus.performance.pages.finding import OF_EACH, Finding, endpoint_address
from falconbus.performance.pages.frame import link
from falconbus.performance.pages.period import Picked
from falconbus.performance.vitals.unused_indexes import UnusedIndexes, unused_indexes

#: Reading a table whole may be right; from so many milliseconds on it deserves a look.
_SLOW_MS = 5.0
# In the planner's units: a table of a thousand rows is read for about 25.
_COSTLY = 100
#: Unused indexes are worth a word from so many bytes on.
_MUCH = 10_000_000


def costs(page: DashboardOut, picked: Picked) -> list[Finding]:
    """Return everything that the overview names under "What costs time"."""
    open_advice = [one for one in advisor.list_advice() if one.state is AdviceState.OPEN]
    advised = {one.fingerprint for one in open_advice}
    return [
        *_repeated(page, picked),
        *_advice(open_advice),
        *_over_budget(page, picked),
        *_scans(page, picked, advised),
        *_unused(unused_indexes()),
        *_dropped(page),
    ]


def _repeated(page: DashboardOut, picked: Picked) -> Iterator[Finding]:
    for one in page.repeated[:OF_EACH]:
        yield Finding(
            label="Repeated",
            tone="caution",
            words=f"{one.origin} sends a statement {formats.number(one.per_request)} times a {_whole(one.owner)}",
            remedy=f"{one.remedy.advice} It costs {formats.milliseconds(one.ms_per_hour)} an hour in {one.owner}.",
            address=link("statements.show_repeated", **picked.parameters),
            link="Repeated",
        )


def _advice(every: Sequence[AdviceOut]) -> Iterator[Finding]:
    for one in every[:OF_EACH]:
        saving = one.saving_ms_per_hour
        saved = "" if saving is None else f" and would save {formats.milliseconds(saving)} an hour"
        yield Finding(
            label="Index",
            tone="caution",
            words=f"An index on {one.table} ({', '.join(one.keys)}) is missing",
            remedy=f"Proven {formats.number(one.factor)} times quicker on a copy{saved}: the migration is written.",
            address=f"{link('advice.show_advice')}#advice-{one.id}",
            link="Advice",
        )


def _unused(found: UnusedIndexes) -> Iterator[Finding]:
    if found.bytes >= _MUCH:
        since = formats.moment(frame.local(found.since))
        yield Finding(
            label="Index",
            tone="caution",
            words=f"{formats.number(found.number)} indexes that are never used take {formats.size(found.bytes)}",
            remedy=f"Counted since {since}. Each slows every write to its table down: drop what nothing will need.",
            address=f"{link('advice.show_advice')}#unused",
            link="Advice",
        )


def _over_budget(page: DashboardOut, picked: Picked) -> Iterator[Finding]:
    broken = sorted((one for one in page.endpoints if one.over_budget), key=lambda one: -one.over_budget)
    for one in broken[:OF_EACH]:
        allowed = "" if one.budget is None else f" of {one.budget}"
        yield Finding(
            label="Budget",
            tone="caution",
            words=f"{one.key} broke its query budget{allowed} in {formats.number(one.over_budget)} requests",
            remedy="Its page lists the statements it sends; load what belongs together in one.",
            address=endpoint_address(one.key, picked),
            link="Endpoint",
        )


def _scans(page: DashboardOut, picked: Picked, advised: Collection[str]) -> Iterator[Finding]:
    scanning = [
        one
        for one in page.statements
        if one.plan
        and one.plan.sequential_scans
        and (one.plan.cost or 0) >= _COSTLY
        and one.mean_ms >= _SLOW_MS
        and one.fingerprint not in advised
    ]
    for one in scanning[:OF_EACH]:
        tables = ", ".join(one.plan.sequential_scans) if one.plan else ""
        yield Finding(
            label="Slow",
            tone="caution",
            words=f"A statement reads all of {tables}: {formats.milliseconds(one.ms_per_hour)} an hour",
            remedy=f"Sent by {one.origins[0] if one.origins else 'unknown code'}. Have an index tried on its page.",
            address=link("statements.show_statement", fingerprint=one.fingerprint, **picked.parameters),
            link="Statement",
        )


def _dropped(page: DashboardOut) -> Iterator[Finding]:
    if page.totals.recorder.dropped:
        yield Finding(
            label="Measuring",
            tone="caution",
            words=f"{formats.number(page.totals.recorder.dropped)} requests were not measured",
            remedy="They came faster than they could be added up, or Redis was away: the figures are too low.",
            address=link("system.show_health"),
            link="Health",
        )


def _whole(owner: str) -> str:
    """Endpoints answer requests, tasks have runs."""
    return "request" if " /" in owner else "run"
