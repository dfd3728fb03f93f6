"""The time limit of a trial."""

import time
from typing import Any

from psycopg import Connection, sql

from falconbus.performance.advisor.analysis import TrialRefused

OVER = "there was not enough time to try it out"


class Deadline:
    """The instant by which a trial must end."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left_ms(self) -> int:
        """Return the milliseconds left; zero when the time is over."""
        return max(0, int((self._end - time.monotonic()) * 1000))

    def hold(self, connection: Connection[Any], most_ms: int | None = None) -> int:
        """Set PostgreSQL's statement time-out to the time left, at most `most_ms`; return it. TrialRefused at zero."""
        left = self.left_ms()
        limit = left if most_ms is None else min(left, most_ms)
        if limit == 0:
            raise TrialRefused(OVER)
        connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(limit), prepare=False)
        return limit
