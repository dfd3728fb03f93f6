"""What stands out, the most urgent first, each with its remedy and the page that shows it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from redis.exceptions import RedisError

from falconbus.payments import refunds
from falconbus.payments.models import RefundStatus
from falconbus.performance.advisor import service as advisor
from falconbus.performance.advisor.models import AdviceState
from falconbus.performance.advisor.read_model import AdviceOut
from falconbus.performance.dashboard.figures import DashboardOut
from falconbus.performance.pages import formats
from falconbus.performance.pages.frame import link
from falconbus.performance.pages.period import Picked
from falconbus.performance.release_comparison import service as verdicts
from falconbus.performance.release_comparison.models import Comparison
from falconbus.performance.release_comparison.results import Verdict
from falconbus.performance.vitals import postgres, queues
from falconbus.performance.vitals.postgres import UnusedIndexes
from falconbus.performance.vitals.queues import QueuesOut
from falconbus.platform.backups.reports import last_report
from falconbus.platform.kit import clock

#: Of each kind, so that one of them cannot hide the others; its page has the rest.
_OF_EACH = 3
#: Work that waits for longer than this has nobody to do it, in seconds.
_TOO_LONG = 300
#: A refund that is not paid after so many seconds is somebody's money that nobody sees to.
_REFUND_TOO_LATE = 24 * 3600
#: Reading a small table whole is right; from so many milliseconds on it deserves a look.
_SLOW_MS = 5.0
# In the planner's units: a table of a thousand rows is read for about 25.
_COSTLY = 100
#: Unused indexes are worth a word from so many bytes on.
_MUCH = 10_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """`tone` is "danger" for what fails now, "caution" for what costs time."""

    label: str
    tone: str
    words: str
    remedy: str
    address: str
    link: str


def overview_findings(page: DashboardOut, picked: Picked) -> list[Finding]:
    """Everything that the overview names under "What to do"."""
    open_advice = [one for one in advisor.list_advice() if one.state is AdviceState.OPEN]
    advised = {one.fingerprint for one in open_advice}
    found = [
        *_jobs(page, queues.vitals(), picked),
        *_refunds(),
        *_backups(),
        *_errors(page, picked),
        *_verdict(verdicts.latest_release_comparison()),
        *_repeated(page, picked),
        *_advice(open_advice),
        *_over_budget(page, picked),
        *_scans(page, picked, advised),
        *_unused(postgres.unused_indexes()),
        *_dropped(page),
    ]
    return sorted(found, key=lambda finding: finding.tone != "danger")


def _jobs(page: DashboardOut, now: QueuesOut, picked: Picked) -> Iterator[Finding]:
    address = link("system.show_workers", **picked.parameters)
    told = []
    if now.broker_fault:
        told.append(("The broker does not answer", "No task starts until Redis at REDIS_URL is back; nothing is lost."))
    elif not now.workers:
        told.append(("No worker is alive", "Mails are not sent and holds do not expire. Start a worker."))
    elif not any(worker.name.startswith("critical@") for worker in now.workers):
        words = "Holds do not expire, payments are not reconciled, no job is handed out. Start the Procfile's line."
        told.append(("The worker `worker-critical` is not alive", words))
    if now.outbox.failed:
        words = f"{formats.number(now.outbox.failed)} jobs were refused for good"
        told.append((words, "The page lists them with the reason. See to it, then have them tried again."))
    if now.outbox.late:
        words = f"{formats.number(now.outbox.late)} jobs are late"
        told.append((words, "They are tried again by themselves; the page says what keeps them."))
    if (now.mails.oldest_unsent_seconds or 0) > _TOO_LONG:
        words = f"{formats.number(now.mails.unsent)} mails wait, the oldest for"
        told.append((f"{words} {formats.seconds(now.mails.oldest_unsent_seconds)}", "Check the workers and SMTP_URL."))
    for task in [task for task in page.tasks if task.failed][:_OF_EACH]:
        words = f"{task.name} failed {formats.number(task.failed)} of {formats.number(task.runs)} times"
        told.append((words, "The workers' log has each failure under its job's request id."))
    for words, remedy in told:
        yield Finding(label="Jobs", tone="danger", words=words, remedy=remedy, address=address, link="Workers")


_REFUND_REMEDIES = {
    RefundStatus.FAILED: (
        "failed",
        "The list says why. Have the provider asked again, or pay by hand once its own list has no such refund.",
    ),
    RefundStatus.DUE: ("are due by hand", "Pay them out where the money was taken, and note it."),
    RefundStatus.PENDING: ("wait for their provider", "It is asked every few minutes: see whether it can be reached."),
}


def _refunds() -> Iterator[Finding]:
    now = clock.now()
    for unpaid in refunds.count_open():
        waited = (now - unpaid.oldest).total_seconds() if unpaid.oldest else 0
        if unpaid.number and (unpaid.status == RefundStatus.FAILED or waited > _REFUND_TOO_LATE):
            what, remedy = _REFUND_REMEDIES[RefundStatus(unpaid.status)]
            yield Finding(
                label="Refunds",
                tone="danger",
                words=f"{formats.number(unpaid.number)} refunds {what}, the oldest for {formats.seconds(waited)}",
                remedy=remedy,
                address=f"/api/v1/refunds?status={unpaid.status}",
                link="Refunds",
            )


def _backups() -> Iterator[Finding]:
    try:
        found = last_report()
    except RedisError:
        return
    if found is not None and found.trouble:
        yield Finding(
            label="Backups",
            tone="danger",
            words=found.trouble,
            remedy="It goes on being tried; docs/runbooks/backups.md says what to do.",
            address=link("system.show_health"),
            link="Health",
        )
    if found is not None and found.caution:
        yield Finding(
            label="Backups",
            tone="caution",
            words=found.caution,
            remedy="A disk that fails would take the line and its backups; docs/runbooks/backups.md.",
            address=link("system.show_health"),
            link="Health",
        )


def _errors(page: DashboardOut, picked: Picked) -> Iterator[Finding]:
    failing = sorted((one for one in page.endpoints if one.errors), key=lambda one: -one.errors)
    for one in failing[:_OF_EACH]:
        yield Finding(
            label="Errors",
            tone="danger",
            words=f"{one.key} failed {formats.number(one.errors)} of {formats.number(one.requests)} times",
            remedy="The log has each failure under its request id; slow ones are captured on the endpoint's page.",
            address=_endpoint(one.key, picked),
            link="Endpoint",
        )


def _verdict(comparison: Comparison | None) -> Iterator[Finding]:
    result = comparison.outcome if comparison else None
    slower = [one.endpoint for one in result.endpoints if one.verdict is Verdict.SLOWER] if result else []
    if comparison is not None and slower:
        yield Finding(
            label="Release",
            tone="danger",
            words=f"Release {comparison.candidate_release} made {_named(slower)} slower",
            remedy=f"Compared with {comparison.baseline_release}; its page says by how much, and how sure it is.",
            address=link("comparisons.show_comparison", comparison_id=comparison.id),
            link="Comparison",
        )


def _repeated(page: DashboardOut, picked: Picked) -> Iterator[Finding]:
    for one in page.repeated[:_OF_EACH]:
        yield Finding(
            label="Repeated",
            tone="caution",
            words=f"{one.origin} sends a statement {formats.number(one.per_request)} times a {_whole(one.owner)}",
            remedy=f"{one.remedy.advice} It costs {formats.milliseconds(one.ms_per_hour)} an hour in {one.owner}.",
            address=link("statements.show_repeated", **picked.parameters),
            link="Repeated",
        )


def _advice(every: Sequence[AdviceOut]) -> Iterator[Finding]:
    for one in every[:_OF_EACH]:
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
        yield Finding(
            label="Index",
            tone="caution",
            words=f"{formats.number(found.number)} indexes are never used and take {formats.size(found.bytes)}",
            remedy="Each slows every write to its table down: drop those that nothing is going to need.",
            address=f"{link('advice.show_advice')}#unused",
            link="Advice",
        )


def _over_budget(page: DashboardOut, picked: Picked) -> Iterator[Finding]:
    broken = sorted((one for one in page.endpoints if one.over_budget), key=lambda one: -one.over_budget)
    for one in broken[:_OF_EACH]:
        allowed = "" if one.budget is None else f" of {one.budget}"
        yield Finding(
            label="Budget",
            tone="caution",
            words=f"{one.key} broke its query budget{allowed} in {formats.number(one.over_budget)} requests",
            remedy="Its page lists the statements it sends; load what belongs together in one.",
            address=_endpoint(one.key, picked),
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
    for one in scanning[:_OF_EACH]:
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


def _endpoint(key: str, picked: Picked) -> str:
    return link("show_endpoint", key=key, **picked.parameters)


def _named(names: Iterable[str]) -> str:
    listed = list(names)
    rest = len(listed) - 2
    return " and ".join(listed) if rest <= 0 else f"{', '.join(listed[:2])} and {rest} more"
