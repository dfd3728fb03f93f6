"""Comparisons from the asking to the verdict, over rows as the rollups hold them."""

from datetime import datetime, timedelta

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from falconbus.performance.jobs import COMPARE
from falconbus.performance.release_comparison import service
from falconbus.performance.release_comparison.errors import BadSide, ComparisonNotFound, ReleaseNotFound
from falconbus.performance.release_comparison.models import Comparison, ComparisonState
from falconbus.performance.release_comparison.results import Result, Side, Verdict
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.jobs import OutboxRow
from falconbus.platform.kit import clock
from falconbus.platform.telemetry.models import Resolution
from tests.performance.release_comparison.recorded import ENDPOINT, OTHER, ran, release


def at(hours: float) -> datetime:
    """So many hours ago, at the begin of a minute."""
    return (clock.now() - timedelta(hours=hours)).replace(second=0, microsecond=0)


def made(comparison_id: int) -> Comparison:
    """The comparison after a worker has been there."""
    transactions.commit()
    row = newest_job()
    assert (row.job, row.arguments) == (COMPARE.name, {"comparison_id": comparison_id})
    service.run_comparison(comparison_id, row.id)
    transactions.commit()
    assert row.done_at is not None
    return service.get_comparison(comparison_id)


def newest_job() -> OutboxRow:
    return db.session.scalars(select(OutboxRow).order_by(OutboxRow.id.desc())).first() or OutboxRow()


def result_of(comparison: Comparison) -> Result:
    assert comparison.state == ComparisonState.DONE
    assert comparison.outcome is not None
    return comparison.outcome


def two_releases(before: int = 5000, after: int = 9000, minutes: int = 60) -> None:
    """The old one until an hour ago, then the new one; a second endpoint that never changes."""
    old, new = release("old", at(3), 120), release("new", at(1), minutes)
    ran(old, at(3), 120, before)
    ran(old, at(3), 120, 700, endpoint=OTHER)
    ran(new, at(1), minutes, after)
    ran(new, at(1), minutes, 700, endpoint=OTHER)


def test_a_slower_release_is_told_endpoint_by_endpoint(database: SQLAlchemy) -> None:
    two_releases()
    comparison = made(service.request_comparison(Side("old"), Side("new")))
    found = result_of(comparison)
    assert [(each.endpoint, each.verdict) for each in found.endpoints] == [
        (ENDPOINT, Verdict.SLOWER),
        (OTHER, Verdict.UNCHANGED),
    ]
    assert comparison.verdicts == {"slower": 1, "unchanged": 1}
    assert found.endpoints[0].queries.before == 2.0
    assert found.before is not None
    assert (found.before.seconds, found.before.block_seconds) == (60, 300)


def test_stretches_of_time_take_every_release_in_and_nothing_outside(database: SQLAlchemy) -> None:
    two_releases()
    both = Side(begin=at(3), end=at(2)), Side(begin=at(1), end=at(0))
    found = result_of(made(service.request_comparison(*both)))
    assert found.endpoints[0].verdict is Verdict.SLOWER
    assert found.endpoints[0].requests_before == found.endpoints[0].requests_after == 60 * 30


def test_two_releases_side_by_side_are_kept_apart(database: SQLAlchemy) -> None:
    """While a release is rolled out both answer, in the same minutes."""
    for name, took in (("old", 5000), ("new", 9000)):
        ran(release(name, at(3), 120), at(3), 120, took)
    found = result_of(made(service.request_comparison(Side("old"), Side("new"))))
    assert found.endpoints[0].verdict is Verdict.SLOWER
    assert any("overlap" in note for note in found.notes)


def test_the_baseline_is_taken_at_the_same_time_of_day_when_it_ran_then(database: SQLAlchemy) -> None:
    old, new = release("old", at(30), 60 * 28), release("new", at(1), 60)
    ran(old, at(25), 60, 5000)
    ran(old, at(4), 120, 50_000)
    ran(new, at(1), 60, 5000)
    found = result_of(made(service.request_comparison(Side("old"), Side("new"))))
    assert found.endpoints[0].verdict is Verdict.UNCHANGED
    assert found.notes == ["the baseline is taken at the same time of day, 1 day(s) before"]


def test_older_minutes_are_read_from_ten_minute_rows(database: SQLAlchemy) -> None:
    begin = at(24 * 6)
    begin -= timedelta(minutes=begin.minute % 10)
    old = release("old", begin, 300)
    ran(old, begin, 300, 5000, resolution=Resolution.TEN_MINUTES)
    ran(old, begin + timedelta(hours=6), 300, 9000, resolution=Resolution.TEN_MINUTES)
    halves = [Side(begin=begin + h, end=begin + h + timedelta(hours=5)) for h in (timedelta(0), timedelta(hours=6))]
    found = result_of(made(service.request_comparison(halves[0], halves[1])))
    assert found.endpoints[0].verdict is Verdict.SLOWER
    assert found.after is not None
    assert found.after.seconds == 600


def test_a_release_without_requests_gives_an_answer_that_says_so(database: SQLAlchemy) -> None:
    old = release("old", at(3), 120)
    ran(old, at(3), 120, 5000)
    release("new", at(0.01), 1)
    found = result_of(made(service.request_comparison(Side("old"), Side("new"))))
    assert [each.verdict for each in found.endpoints] == [Verdict.TOO_LITTLE_DATA]
    assert "nothing was recorded after" in found.notes


def test_a_comparison_that_is_run_twice_is_made_once(database: SQLAlchemy) -> None:
    two_releases()
    comparison = made(service.request_comparison(Side("old"), Side("new")))
    finished = comparison.finished_at
    service.run_comparison(comparison.id, newest_job().id)
    transactions.commit()
    assert service.get_comparison(comparison.id).finished_at == finished


def test_unreadable_rows_fail_the_comparison_and_are_not_tried_again(
    database: SQLAlchemy, caplog: pytest.LogCaptureFixture
) -> None:
    two_releases()
    database.session.execute(text("UPDATE telemetry_rollups SET buckets = 'no histogram'"))
    comparison = made(service.request_comparison(Side("old"), Side("new")))
    assert comparison.state == ComparisonState.FAILED
    assert comparison.fault is not None
    assert comparison.outcome is None
    assert "failed" in caplog.text


def test_a_release_that_never_was_is_not_found(database: SQLAlchemy) -> None:
    two_releases()
    with pytest.raises(ReleaseNotFound, match="never"):
        service.request_comparison(Side("never"), Side("new"))


@pytest.mark.parametrize(
    ("baseline", "candidate", "pointer"),
    [
        (Side("new"), Side("new"), "/candidate"),
        (Side(), Side("new"), "/baseline"),
        (Side("old", at(2), at(1)), Side("new"), "/baseline"),
        (Side("old"), Side(begin=at(2)), "/candidate"),
        (Side("old"), Side(begin=at(1), end=at(2)), "/candidate/from"),
        (Side("old"), Side(begin=at(1), end=at(1)), "/candidate/from"),
        (Side("old"), Side(begin=at(24 * 30), end=at(1)), "/candidate"),
    ],
    ids=["same", "nothing", "both", "open", "reversed", "empty", "a month"],
)
def test_sides_that_make_no_sense_are_refused(
    database: SQLAlchemy, baseline: Side, candidate: Side, pointer: str
) -> None:
    two_releases()
    with pytest.raises(BadSide) as refusal:
        service.request_comparison(baseline, candidate)
    assert refusal.value.pointer == pointer
    assert database.session.scalar(select(Comparison)) is None


def test_the_database_refuses_a_side_that_is_half_a_stretch(database: SQLAlchemy) -> None:
    database.session.add(
        Comparison(state="queued", baseline_release="a", candidate_from=at(1), requested_at=at(0), verdicts={})
    )
    with pytest.raises(IntegrityError, match="candidate"):
        database.session.flush()


def test_a_comparison_that_is_not_there_is_not_found(database: SQLAlchemy) -> None:
    with pytest.raises(ComparisonNotFound):
        service.get_comparison(1)


def test_a_new_release_is_judged_once_after_half_an_hour(database: SQLAlchemy) -> None:
    two_releases(minutes=31)
    asked = service.compare_new_release()
    assert asked is not None
    comparison = service.get_comparison(asked)
    assert (comparison.baseline, comparison.candidate) == (Side("old"), Side("new"))
    assert service.compare_new_release() is None


def test_a_new_release_is_judged_again_after_a_day(database: SQLAlchemy) -> None:
    release("old", at(60), 60)
    first_seen = at(26)
    release("new", first_seen, 60 * 25)
    early = service.request_comparison(Side("old"), Side("new"))
    service.get_comparison(early).requested_at = first_seen + timedelta(minutes=40)
    database.session.flush()
    assert service.compare_new_release() not in {None, early}
    assert service.compare_new_release() is None


def test_a_release_of_a_few_minutes_waits_and_the_first_one_has_nothing_before_it(database: SQLAlchemy) -> None:
    assert service.compare_new_release() is None
    release("only", at(5), 120)
    assert service.compare_new_release() is None
    release("young", at(0.2), 10)
    assert service.compare_new_release() is None


def test_the_predecessor_is_what_ran_until_the_new_one_came(database: SQLAlchemy) -> None:
    """One that was rolled back long ago is not, though it is younger."""
    release("long lived", at(50), 60 * 48)
    release("rolled back", at(30), 10)
    release("new", at(2), 60)
    asked = service.compare_new_release()
    assert asked is not None
    assert service.get_comparison(asked).baseline == Side("long lived")


def test_the_latest_verdict_is_of_two_releases_and_done(database: SQLAlchemy) -> None:
    two_releases()
    assert service.latest_release_comparison() is None
    done = made(service.request_comparison(Side("old"), Side("new")))
    made(service.request_comparison(Side("old"), Side(begin=at(1), end=at(0))))
    service.request_comparison(Side("new"), Side("old"))
    database.session.expire_all()
    latest = service.latest_release_comparison()
    assert latest is not None
    assert latest.id == done.id
    assert latest.outcome is not None
    assert len(service.list_comparisons()) == 3
