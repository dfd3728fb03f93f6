"""Shapes of who could take a ride, and what to think of."""

from datetime import timedelta
from typing import Self

import msgspec

from falconbus.scheduling.eligibility.assessing import Caution, Standing
from falconbus.scheduling.eligibility.service import Warned


class CautionOut(msgspec.Struct):
    """What speaks against somebody and does not forbid it: driving_day, driving_week, rest or outside_hours."""

    code: str
    detail: str

    @classmethod
    def of(cls, caution: Caution) -> Self:
        return cls(caution.code, caution.detail)


class SuggestionOut(msgspec.Struct):
    """Somebody who could take a ride. Rest is null when there is no duty within two weeks on that side."""

    id: int
    name: str
    rest_before_hours: float | None
    rest_after_hours: float | None
    driving_day_hours: float
    driving_week_hours: float
    warnings: list[CautionOut]

    @classmethod
    def of(cls, standing: Standing) -> Self:
        return cls(
            standing.staff_id,
            standing.name,
            None if standing.rest_before is None else _hours(standing.rest_before),
            None if standing.rest_after is None else _hours(standing.rest_after),
            _hours(standing.driving_day),
            _hours(standing.driving_week),
            [CautionOut.of(caution) for caution in standing.cautions],
        )


class Suggestions(msgspec.Struct):
    """Who could take a ride, those with most rest first: fifty at most."""

    results: list[SuggestionOut]


class WarningOut(msgspec.Struct):
    """What does not forbid it and should be known: driving_day, driving_week, rest, outside_hours."""

    staff_id: int
    name: str
    code: str
    detail: str

    @classmethod
    def of(cls, warned: Warned) -> Self:
        return cls(warned.staff_id, warned.name, warned.code, warned.detail)


def _hours(time: timedelta) -> float:
    return round(time / timedelta(hours=1), 2)
