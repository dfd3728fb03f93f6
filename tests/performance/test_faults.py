"""Failed requests are counted by why, and the newest keep their ids after the rollup."""

from datetime import timedelta

import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.platform.kit import clock
from falconbus.platform.telemetry import rollup
from falconbus.platform.telemetry.minute_counts import Failure, Key, Minute
from falconbus.platform.telemetry.rollup_writer import KEPT_SAMPLES
from tests.accounts.signing import signed_in
from tests.performance import telemetry
from tests.performance.telemetry import series

BROKEN: Key = ("fault", "500", "KeyError", "GET /tests/broken")
TAKEN: Key = ("fault", "409", "seat_taken", "POST /tests/book")


def failed(key: Key, minutes_ago: int, *ids: str) -> None:
    """Have requests fail in one process's minute, the slowest first."""
    at = clock.now().replace(second=0, microsecond=0) - timedelta(minutes=minutes_ago)
    failures = [Failure(at.timestamp() + place, 9000 - place, one) for place, one in enumerate(ids)]
    telemetry.write(ids[0], {at: Minute("1", {key: series([1.0] * len(ids))}, failures={key: failures})})


def test_what_failed_is_told_with_the_newest_requests(client: FlaskClient, database: SQLAlchemy) -> None:
    failed(TAKEN, 7, "old", "older-by-a-second")
    failed(BROKEN, 6, "a", "b", "c")
    failed(TAKEN, 5, *(f"t{number}" for number in range(20)))
    with time_machine.travel(clock.now() + timedelta(minutes=3)):
        assert rollup.roll_up() >= 3
    failed(BROKEN, 1, "d", "e")
    headers = signed_in(Role.ADMIN)
    broken, taken = client.get("/api/v1/performance/dashboard", headers=headers).json["faults"]
    assert (broken["status"], broken["why"], broken["endpoint"]) == (500, "KeyError", "GET /tests/broken")
    assert broken["number"] == 5
    assert [one["request_id"] for one in broken["requests"]] == ["e", "d", "c"], "rolled up and not, each once"
    assert (taken["status"], taken["number"]) == (409, 22)
    assert [one["request_id"] for one in taken["requests"]] == ["t19", "t18", "t17"]
    kept = database.session.scalars(text("SELECT request_id FROM telemetry_samples WHERE status = 409")).all()
    assert len(kept) == KEPT_SAMPLES
    assert "old" not in kept, "the newest stay, however quick"
