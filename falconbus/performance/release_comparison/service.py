"""Use cases of comparisons: request one, run it, and request one for each new release."""

import logging
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from falconbus.performance.jobs import COMPARE
from falconbus.performance.release_comparison import queries, windows
from falconbus.performance.release_comparison.comparing import compare
from falconbus.performance.release_comparison.errors import ReleaseNotFound
from falconbus.performance.release_comparison.models import Comparison, ComparisonState
from falconbus.performance.release_comparison.results import Result, Side, Stretch
from falconbus.performance.release_comparison.windows import Window
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.jobs import enqueue
from falconbus.platform.kit import clock

log = logging.getLogger(__name__)

#: A new release is compared when it has run for half an hour, and once more after a day.
COMPARED_AFTER = (timedelta(days=1), timedelta(minutes=30))
#: Longer than the task may run: nobody else is given the job meanwhile.
_LEASE = timedelta(minutes=5)


def request_comparison(baseline: Side, candidate: Side) -> int:
    """Have a worker compare two sides; return the comparison's id. ReleaseNotFound, BadSide."""
    for side, pointer in ((baseline, "/baseline"), (candidate, "/candidate")):
        windows.check_side(side, pointer)
    windows.check_differ(baseline, candidate)
    _check_known(baseline, candidate)
    comparison = Comparison(
        state=ComparisonState.QUEUED,
        baseline_release=baseline.release,
        baseline_from=baseline.begin,
        baseline_to=baseline.end,
        candidate_release=candidate.release,
        candidate_from=candidate.begin,
        candidate_to=candidate.end,
        requested_at=clock.now(),
        verdicts={},
    )
    db.session.add(comparison)
    db.session.flush()
    enqueue(COMPARE, comparison_id=comparison.id)
    return comparison.id


def run_comparison(comparison_id: int, outbox_id: int) -> None:
    """Run a comparison and store its result; run twice, or by two workers, the first result stays."""
    comparison = queries.lock_unfinished(comparison_id)
    if comparison is not None:
        comparison.state = ComparisonState.RUNNING
        jobs.extend_lease(outbox_id, _LEASE)
        transactions.commit()
        found = _try_to_compare(comparison)
        comparison = queries.lock_unfinished(comparison_id)
    if comparison is not None:
        if isinstance(found, Result):
            comparison.finish(found)
        else:
            comparison.fail(found)
        db.session.flush()
    jobs.done(outbox_id)


def compare_new_release() -> int | None:
    """Request a comparison of the newest release with its predecessor when one is due; return its id."""
    newest = queries.find_newest_release()
    if newest is None:
        return None
    age = newest.last_seen - newest.first_seen
    due = next((after for after in COMPARED_AFTER if age >= after), None)
    predecessor = queries.find_predecessor(newest.first_seen)
    if due is None or predecessor is None:
        return None
    if queries.has_been_compared(newest.name, predecessor, newest.first_seen + due):
        return None
    return request_comparison(Side(predecessor), Side(newest.name))


def get_comparison(comparison_id: int) -> Comparison:
    """Return a comparison with its result; ComparisonNotFound."""
    return queries.get_comparison(comparison_id)


def list_comparisons(most: int = 20) -> list[AnyRow]:
    """Return the newest comparisons, without their results."""
    return list(db.session.execute(queries.comparisons().order_by(queries.KEY.desc()).limit(most)).all())


def latest_release_comparison() -> Comparison | None:
    """Return the newest finished comparison of two releases, with its result; None without one."""
    return queries.find_latest_release_comparison()


def _check_known(*sides: Side) -> None:
    names = [side.release for side in sides if side.release is not None]
    known = queries.releases(names)
    for name in names:
        if name not in known:
            raise ReleaseNotFound(f"no release {name} has run here, as far back as anything is known")


def _try_to_compare(comparison: Comparison) -> Result | str:
    """Return the result, or why there is none; database errors are raised, to be retried."""
    try:
        return _compare(comparison.baseline, comparison.candidate)
    except DBAPIError:
        raise
    except Exception as fault:
        # A retry with the same data would fail in the same way.
        log.exception("comparison %s failed", comparison.id)
        transactions.rollback()
        return f"{type(fault).__name__}: see the workers' log"


def _compare(baseline: Side, candidate: Side) -> Result:
    known = queries.releases([name for name in (baseline.release, candidate.release) if name])
    settled_windows = {name: windows.settled_window(row.first_seen, row.last_seen) for name, row in known.items()}
    notes = []
    after = _literal(candidate) or windows.candidate_window(settled_windows[candidate.release or ""])
    before = _literal(baseline)
    if before is None:
        before, note = windows.matching_window(after, settled_windows[baseline.release or ""])
        notes.append(note)
    sides = []
    for window, side in ((before, baseline), (after, candidate)):
        release_id = known[side.release].id if side.release else None
        sides.append(queries.slices(window, windows.resolution(window, clock.now()), release_id))
    # Resampling takes seconds: no transaction stays open meanwhile.
    transactions.commit()
    (old, was), (new, now) = sides
    notes += _comparability_warnings(before, after, was, now)
    return Result(compare(old, new, (was.block_seconds, now.block_seconds)), was, now, notes)


def _literal(side: Side) -> Window | None:
    """Return the window of a side that is a stretch of time; None for a release."""
    return Window(side.begin, side.end) if side.begin and side.end else None


def _comparability_warnings(before: Window, after: Window, was: Stretch, now: Stretch) -> list[str]:
    warnings = [f"nothing was recorded {when}" for when, read in (("before", was), ("after", now)) if not read.rows]
    warning = windows.comparability_warning(before, after)
    return [*warnings, warning] if warning else warnings
