"""Response schemas of suggested staff, and of warnings about them."""

from datetime import timedelta
from typing import Self

import msgspec

from falconbus.scheduling.eligibility.assessing import Eligibility, EligibilityWarning
from falconbus.scheduling.eligibility.service import StaffWarning


class CautionOut(msgspec.Struct):
    """What speaks against somebody and does not forbid it: driving_day, driving_week, rest or outside_hours."""

    code: str
    detail: str

    @classmethod
    def of(cls, warning: EligibilityWarning) -> Self:
        return cls(warning.code, warning.detail)


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
    def of(cls, eligibility: Eligibility) -> Self:
        return cls(
            eligibility.staff_id,
            eligibility.name,
            None if eligibility.rest_before is None else _hours(eligibility.rest_before),
            None if eligibility.rest_after is None else _hours(eligibility.rest_after),
            _hours(eligibility.driving_day),
            _hours(eligibility.driving_week),
            [CautionOut.of(warning) for warning in eligibility.warnings],
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
    def of(cls, warning: StaffWarning) -> Self:
        return cls(warning.staff_id, warning.name, warning.code, warning.detail)


def _hours(time: timedelta) -> float:
    return round(time / timedelta(hours=1), 2)
