"""What is wrong now, the most urgent first; docs/runbooks/incidents.md has a section for each label."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from redis.exceptions import RedisError

from falconbus.payments import refunds
from falconbus.payments import service as payments
from falconbus.payments.models import RefundStatus
from falconbus.performance.dashboard.figures import DashboardOut, StatementOut
from falconbus.performance.pages import formats, jumps
from falconbus.performance.pages.finding import OF_EACH, Finding, named
from falconbus.performance.pages.frame import link
from falconbus.performance.pages.period import Picked
from falconbus.performance.release_comparison import service as verdicts
from falconbus.performance.release_comparison.models import Comparison
from falconbus.performance.release_comparison.results import Verdict
from falconbus.performance.vitals import queues
from falconbus.performance.vitals.queues import QueuesOut
from falconbus.platform.backups.reports import last_report
from falconbus.platform.jobs import Queue
from falconbus.platform.kit import clock
from falconbus.platform.mailing.queries import find_trouble

#: A mail that waits for longer, in seconds, is late.
_MAIL_TOO_LATE = 300
#: The same of a message that no worker has taken. Imports take their time, and have nobody who waits.
_MESSAGE_TOO_LATE = {Queue.CRITICAL: 60, Queue.BULK: 3600}
#: A refund that is not paid after so many seconds is somebody's money that nobody sees to.
_REFUND_TOO_LATE = 24 * 3600
#: A few refusals of limits are what limits are for.
_LIMITED = 10
#: A statement is slow when one in twenty takes so long, people wait for it, and it has that part of the database's
#: time.
_STATEMENT_MS = 300.0
_STATEMENT_SHARE = 0.2

_PAYMENTS_RECENT, _PAYMENTS_BEFORE = timedelta(minutes=15), timedelta(days=1)


def incidents(page: DashboardOut, picked: Picked) -> list[Finding]:
    """Return everything that the overview names under "What is wrong"."""
    now = queues.vitals()
    return [
        *_payments(),
        *_workers(now, picked),
        *_queues(now, picked),
        *_mails(now, picked),
        *_errors(page),
        *_slow(page, picked),
        *_limits(page),
        *_refused(page),
        *_jobs(page, now, picked),
        *_refunds(),
        *_backups(),
        *_verdict(verdicts.latest_release_comparison()),
    ]


def _wrong(label: str, words: str, remedy: str, address: str, text: str) -> Finding:
    return Finding(label=label, tone="danger", words=words, remedy=remedy, address=address, link=text)


def _payments() -> Iterator[Finding]:
    now = clock.now()
    for row in payments.count_attempts(now - _PAYMENTS_RECENT, now - _PAYMENTS_BEFORE):
        jump = jumps.Jump(row.recent_refused, row.recent, row.before_refused, row.before)
        if jump.is_one(least=5, share=0.3):
            words = f"{row.provider} took no money in {formats.number(row.recent_refused)} of "
            words += f"{formats.number(row.recent)} payments of the last 15 minutes"
            remedy = (
                f"{_before(jump)} See {row.provider}'s status page and our keys for it; travellers can pay another way."
            )
            yield _wrong("Payments", words, remedy, "#failed", "Failed requests")


def _workers(now: QueuesOut, picked: Picked) -> Iterator[Finding]:
    if now.broker_fault:
        words = "The broker does not answer", "No task starts until Redis at REDIS_URL is back; nothing is lost."
    elif not now.workers:
        words = "No worker is alive", "Mails are not sent and holds do not expire. Start the Procfile's workers."
    elif not any(worker.name.startswith("critical@") for worker in now.workers):
        words = (
            "The worker `worker-critical` is not alive",
            "Holds do not expire, payments are not reconciled, no job is handed out. Start the Procfile's line.",
        )
    else:
        return
    yield _wrong("Workers", *words, link("system.show_workers", **picked.parameters), "Workers")


def _queues(now: QueuesOut, picked: Picked) -> Iterator[Finding]:
    for queue in now.queues:
        waited = queue.oldest_seconds or 0
        if waited > _MESSAGE_TOO_LATE.get(Queue(queue.name), _MAIL_TOO_LATE):
            words = f"{formats.number(queue.depth)} messages wait in the queue `{queue.name}`, the oldest for"
            remedy = "Its workers are away, stuck or too few: look at their log, restart them, then add some."
            address = f"{link('system.show_workers', **picked.parameters)}#queues"
            yield _wrong("Queues", f"{words} {formats.age(waited)}", remedy, address, "Queues")


def _mails(now: QueuesOut, picked: Picked) -> Iterator[Finding]:
    waited = now.mails.oldest_unsent_seconds or 0
    if waited <= _MAIL_TOO_LATE:
        return
    words = f"{formats.number(now.mails.unsent)} mails wait, the oldest for"
    trouble = find_trouble()
    remedy = (
        f"The mail server: {trouble}. See to SMTP_URL and its account."
        if trouble
        else "Check the workers and SMTP_URL."
    )
    yield _wrong(
        "Mails",
        f"{words} {formats.age(waited)}",
        f"{remedy} They go out by themselves once it works.",
        link("system.show_workers", **picked.parameters),
        "Workers",
    )


def _errors(page: DashboardOut) -> Iterator[Finding]:
    failing = sorted((one for one in page.endpoints if one.errors), key=lambda one: -one.errors)
    for one in failing[:OF_EACH]:
        faults = [fault for fault in page.faults if fault.endpoint == one.key and fault.status >= 500]
        why = f": {named(fault.why for fault in faults)}" if faults else ""
        words = f"{one.key} failed {formats.number(one.errors)} of {formats.number(one.requests)} times{why}"
        named_one = (
            f"The last one is request {faults[0].requests[0].request_id}. " if faults and faults[0].requests else ""
        )
        yield _wrong("Errors", words, f"{named_one}The log has what happened.", "#failed", "Failed requests")


def _slow(page: DashboardOut, picked: Picked) -> Iterator[Finding]:
    for one in [one for one in page.statements if _is_slow(one)][:OF_EACH]:
        reads = (
            f" and reads all of {named(one.plan.sequential_scans)}" if one.plan and one.plan.sequential_scans else ""
        )
        yield _wrong(
            "Slow",
            f"A statement takes {formats.milliseconds(one.p95_ms)} (p95){reads}: {named(one.owners)} waits for it",
            f"It takes {formats.share(one.time_share)} of the database's time, sent by {named(one.origins)}. "
            "Its page shows since when, its plan, and tries an index.",
            link("statements.show_statement", fingerprint=one.fingerprint, **picked.parameters),
            "Statement",
        )


def _is_slow(one: StatementOut) -> bool:
    """Whether people wait for it: workers take their time."""
    is_asked_by_people = any(" /" in owner for owner in one.owners)
    return is_asked_by_people and (one.p95_ms or 0) >= _STATEMENT_MS and (one.time_share or 0) >= _STATEMENT_SHARE


def _limits(page: DashboardOut) -> Iterator[Finding]:
    if page.totals.limited < _LIMITED:
        return
    most = max(page.limits, key=lambda limit: limit.refused)
    words = f"Rate limits refused {formats.number(page.totals.limited)} requests (429), most at {most.name}"
    remedy = (
        "One site or office behind one address: give it an API key. Everybody: raise RATELIMIT_*. "
        "An attack: leave the limits, and block the address at the proxy. The log has each client."
    )
    yield _wrong("Limits", words, remedy, "#failed", "Failed requests")


def _refused(page: DashboardOut) -> Iterator[Finding]:
    """A jump of 4xx; when most of them are 429, the limits have been told already."""
    jump = jumps.in_series(page.series.refusals, page.series.requests)
    if not jump.is_one(least=20, share=0.1) or page.totals.limited * 2 > page.totals.refusals:
        return
    common = next((one for one in page.faults if one.status < 500 and one.why != "rate_limited"), None)
    mostly = f": mostly `{common.why}` at {common.endpoint}" if common else ""
    words = f"{formats.share(jump.share)} of requests are refused (4xx){mostly}"
    remedy = f"{_before(jump)} A client that was just changed, or a release of ours: look at one of the requests."
    yield _wrong("Refused", words, remedy, "#failed", "Failed requests")


def _jobs(page: DashboardOut, now: QueuesOut, picked: Picked) -> Iterator[Finding]:
    told = []
    if now.outbox.failed:
        words = f"{formats.number(now.outbox.failed)} jobs were refused for good"
        told.append((words, "The page lists them with the reason. See to it, then have them tried again."))
    if now.outbox.late:
        words = f"{formats.number(now.outbox.late)} jobs are late"
        told.append((words, "They are tried again by themselves; the page says what keeps them."))
    for task in [task for task in page.tasks if task.failed][:OF_EACH]:
        words = f"{task.name} failed {formats.number(task.failed)} of {formats.number(task.runs)} times"
        told.append((words, "The workers' log has each failure under its job's request id."))
    for words, remedy in told:
        yield _wrong("Jobs", words, remedy, link("system.show_workers", **picked.parameters), "Workers")


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
            words = f"{formats.number(unpaid.number)} refunds {what}, the oldest for {formats.age(waited)}"
            yield _wrong("Refunds", words, remedy, f"/api/v1/refunds?status={unpaid.status}", "Refunds")


def _backups() -> Iterator[Finding]:
    try:
        found = last_report()
    except RedisError:
        return
    if found is not None and found.trouble:
        words = found.trouble[0].upper() + found.trouble[1:]
        remedy = "It goes on being tried; docs/runbooks/backups.md says what to do."
        yield _wrong("Backups", words, remedy, link("system.show_health"), "Health")
    if found is not None and found.caution:
        remedy = "A disk that fails would take the line and its backups; docs/runbooks/backups.md."
        wrong = _wrong("Backups", found.caution, remedy, link("system.show_health"), "Health")
        yield replace(wrong, tone="caution")


def _verdict(comparison: Comparison | None) -> Iterator[Finding]:
    result = comparison.outcome if comparison else None
    slower = [one.endpoint for one in result.endpoints if one.verdict is Verdict.SLOWER] if result else []
    if comparison is not None and slower:
        yield _wrong(
            "Release",
            f"Release {comparison.candidate_release} made {named(slower)} slower",
            f"Compared with {comparison.baseline_release}; its page says by how much, and how sure it is.",
            link("comparisons.show_comparison", comparison_id=comparison.id),
            "Comparison",
        )


def _before(jump: jumps.Jump) -> str:
    return (
        f"Before that it was {formats.share(jump.share_before)}." if jump.before else "Nothing was asked before that."
    )
