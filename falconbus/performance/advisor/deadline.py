"""How long may be worked on a statement."""

import time
from typing import Any

from psycopg import Connection, sql

from falconbus.performance.advisor.analysis import Unproven

OVER = "there was not enough time to try it out"


class Deadline:
    """The end of the time that was given."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left_ms(self) -> int:
        """Milliseconds; zero when the time is over."""
        return max(0, int((self._end - time.monotonic()) * 1000))

    def hold(self, connection: Connection[Any], most_ms: int | None = None) -> int:
        """Have PostgreSQL end the next statement when the time is over; the limit. Unproven when it is over now."""
        left = self.left_ms()
        limit = left if most_ms is None else min(left, most_ms)
        if limit == 0:
            raise Unproven(OVER)
        connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(limit), prepare=False)
        return limit
