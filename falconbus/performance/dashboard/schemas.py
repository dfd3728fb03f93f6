"""The dashboard's query strings in the API; its responses are in figures.py."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from falconbus.performance.dashboard import periods
from falconbus.performance.dashboard.periods import Period
from falconbus.performance.dashboard.sorting import Sort
from falconbus.platform.kit import clock
from falconbus.platform.kit.schema import OneLine, Query


class PeriodQuery(Query):
    """From `from` to `to` (now without it), or the `last` hour or so; never both."""

    begin: Annotated[AwareDatetime | None, Field(alias="from")] = None
    end: Annotated[AwareDatetime | None, Field(alias="to")] = None
    last: Literal["15m", "1h", "24h", "7d", "30d"] | None = None

    def period(self) -> Period:
        return periods.period_of(begin=self.begin, end=self.end, last=self.last, now=clock.now())


class DashboardQuery(PeriodQuery):
    """`sort`: what endpoints come first."""

    sort: Sort = Sort.TIME


class EndpointQuery(PeriodQuery):
    """`endpoint`: method and route rule, "GET /api/v1/schedules"."""

    endpoint: Annotated[OneLine, StringConstraints(max_length=300)]
