"""Use cases of index advice: check statements, store advice, notice applied indexes."""

import time
from datetime import datetime, timedelta
from typing import Any

from falconbus.performance.advisor import candidates, index_trial, presenting, queries, writing
from falconbus.performance.advisor.analysis import ExistingIndex, Improvement, TrialOutcome
from falconbus.performance.advisor.errors import StatementNotFound
from falconbus.performance.advisor.models import Advice, AdviceState
from falconbus.performance.advisor.read_model import AdviceOut, CheckOut
from falconbus.performance.jobs import ADVISE
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.kit import clock
from falconbus.platform.telemetry.models import Resolution

STATEMENTS_AT_ONCE = 20
SLOW_MS = 20.0
#: A statement is checked again after so long; tables and statistics change slowly.
AGAIN_AFTER = timedelta(hours=20)
#: How long before and after an index came a statement's times are compared.
COMPARED = timedelta(days=1)
#: Longer than a trial takes: nobody else is given the job meanwhile.
_LEASE = timedelta(minutes=3)


def advise_on(fingerprint: str) -> CheckOut:
    """Look for an index that helps a statement, and store the outcome. StatementNotFound.

    Commits what the caller has begun: the trial takes up to half a minute on a connection of its own.
    """
    row = _get_statement(fingerprint)
    # With an applied index a new trial would find no improvement.
    check_applied()
    transactions.commit()
    outcome = index_trial.try_indexes(row.text)
    checked = _keep(fingerprint, outcome)
    transactions.commit()
    return checked


def request_advice(fingerprint: str) -> None:
    """Have a worker look at a statement. StatementNotFound."""
    _get_statement(fingerprint)
    jobs.enqueue(ADVISE, fingerprint=fingerprint)


def run_advice(fingerprint: str, outbox_id: int) -> None:
    """Run advise_on() for one row of the outbox, and mark the row as done."""
    jobs.extend_lease(outbox_id, _LEASE)
    advise_on(fingerprint)
    jobs.done(outbox_id)


def advise(seconds: float = 90.0) -> int:
    """Check the last day's suspects while there is time, the heaviest first; return how many were checked."""
    end = time.monotonic() + seconds
    suspects = queries.suspects(
        clock.now(),
        small_rows=candidates.SMALL_ROWS,
        slow_ms=SLOW_MS,
        again_after=AGAIN_AFTER,
        most=STATEMENTS_AT_ONCE,
    )
    for number, fingerprint in enumerate(suspects):
        if time.monotonic() > end - index_trial.SECONDS:
            return number
        advise_on(fingerprint)
    return len(suspects)


def check_applied() -> int:
    """Mark advice whose index exists now as applied, and measure its effect; return how many were marked."""
    now = clock.now()
    watched = queries.lock_watched(now - COMPARED - timedelta(hours=2))
    there = queries.indexes(sorted({advice.table_name for advice in watched}))
    noticed = 0
    for advice in watched:
        mine = [row for row in there if (row.schema, row.table) == (advice.table_schema, advice.table_name)]
        if advice.state != AdviceState.APPLIED and any(_serves(row, advice) for row in mine):
            advice.apply(now)
            noticed += 1
        if advice.applied_at is not None:
            _measure(advice, advice.applied_at)
    db.session.flush()
    return noticed


def dismiss(advice_id: int) -> None:
    """Take advice off the list; it does not come back by itself. AdviceNotFound, AdviceNotOpen."""
    queries.lock_advice(advice_id).dismiss()
    db.session.flush()


def list_advice(fingerprint: str | None = None) -> list[AdviceOut]:
    """Return the advice on one statement, or on all: open first, the largest saving first.

    Then come applied, dismissed and withdrawn advice.
    """
    return [presenting.advice_out(row) for row in queries.advice(fingerprint)]


def find_check(fingerprint: str) -> CheckOut | None:
    """Return the last check of a statement; None when there was none."""
    row = queries.find_check(fingerprint)
    return CheckOut(row.fingerprint, row.checked_at, row.proven, row.reason) if row else None


def _get_statement(fingerprint: str) -> AnyRow:
    row = queries.find_statement(fingerprint)
    if row is None:
        raise StatementNotFound(f"the recorder knows no statement {fingerprint}")
    return row


def _keep(fingerprint: str, outcome: TrialOutcome) -> CheckOut:
    now = clock.now()
    rows = _rows(fingerprint, outcome.improvement, now) if outcome.improvement else {}
    for advice in queries.lock_of(fingerprint):
        row = rows.pop(advice.definition, None)
        if row is None:
            advice.withdraw()
        else:
            advice.renew(row)
    for definition, row in rows.items():
        state = AdviceState.OPEN
        db.session.add(Advice(fingerprint=fingerprint, definition=definition, state=state, found_at=now, **row))
    db.session.flush()
    proven = len(outcome.improvement.candidates) if outcome.improvement else 0
    queries.keep_check(fingerprint, now, proven, outcome.reason)
    return CheckOut(fingerprint, now, proven, outcome.reason)


def _rows(fingerprint: str, improvement: Improvement, now: datetime) -> dict[str, dict[str, Any]]:
    """Return a row for each index of an improvement, by its definition."""
    recorded = queries.recorded(fingerprint, now - timedelta(days=1), now, Resolution.HOUR)
    hours = max(1.0, (now - recorded.first) / timedelta(hours=1)) if recorded.calls else 1.0
    rows = {}
    for candidate in improvement.candidates:
        copy = improvement.copies[candidate.table.oid]
        others = [each.name for each in improvement.candidates if each is not candidate]
        rows[writing.definition(candidate)] = {
            "table_schema": candidate.table.schema,
            "table_name": candidate.table.name,
            "keys": [str(key) for key in candidate.keys],
            "index_name": candidate.name,
            "together_with": others[0] if others else None,
            "before_ms": improvement.before.ms,
            "after_ms": improvement.after.ms,
            "plan_before": improvement.before.plan,
            "plan_after": improvement.after.plan,
            "sample_rows": copy.rows,
            "sample_share": copy.share,
            "index_bytes": improvement.bytes[candidate.name],
            "mean_ms": recorded.total_ms / recorded.calls if recorded.calls else None,
            "calls_per_hour": recorded.calls / hours if recorded.calls else None,
            "proven_at": now,
        }
    return rows


def _serves(row: Any, advice: Advice) -> bool:
    index = ExistingIndex(row.name, tuple(row.keys), row.unique, row.partial, row.method, row.valid)
    return candidates.serves(index, advice.keys)


def _measure(advice: Advice, applied_at: datetime) -> None:
    """Store the statement's mean of the day before and after; the ten minutes in which the index came are left out."""
    lengths = Resolution.TEN_MINUTES
    coming = timedelta(seconds=lengths)
    before = queries.recorded(advice.fingerprint, applied_at - COMPARED, applied_at - coming, lengths)
    after = queries.recorded(advice.fingerprint, applied_at, applied_at + COMPARED, lengths)
    if before.calls:
        advice.measured_before_ms = before.total_ms / before.calls
    if after.calls:
        advice.measured_after_ms = after.total_ms / after.calls
    advice.measured_calls = after.calls or 0
