"""Which minutes a period takes in."""

from datetime import UTC, datetime

import pytest
import time_machine
from flask_sqlalchemy import SQLAlchemy

from falconbus.performance.dashboard import periods, service
from falconbus.platform.telemetry import minute_counts
from falconbus.platform.telemetry.minute_counts import Minute
from tests.performance.telemetry import series, write


@pytest.mark.parametrize("second", [0, 1, 59])
@pytest.mark.parametrize("last", ["15m", "1h", "24h", "7d", "30d"])
def test_the_minute_that_has_just_begun_is_in_the_period(second: int, last: str, database: SQLAlchemy) -> None:
    at = datetime(2026, 11, 21, 10, 0, second, tzinfo=UTC)
    with time_machine.travel(at, tick=False):
        seen = Minute("one", {(minute_counts.ENDPOINT, "GET /begun"): series([5], queries=1)})
        write("web", {at.replace(second=0): seen})
        assert service.get_dashboard(periods.period_of(now=at, last=last)).totals.requests == 1
