"""ISO 8601 weeks: Monday to Sunday, week 1 has the year's first Thursday."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

_WEEK = re.compile(r"(\d{4})-W(\d\d)", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


@dataclass(frozen=True, slots=True)
class Week:
    """A week, by its Monday."""

    monday: date

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the week that contains a day."""
        return cls(day - timedelta(days=day.weekday()))

    @classmethod
    def read(cls, text: str) -> Self:
        """Parse a week such as `2026-W48`; ValueError if it is not one of 2000 to 2100."""
        match = _WEEK.fullmatch(text)
        if match is None or not _FIRST_YEAR <= int(match[1]) <= _LAST_YEAR:
            raise ValueError("must be a week such as 2026-W48")
        try:
            return cls(date.fromisocalendar(int(match[1]), int(match[2]), 1))
        except ValueError:
            raise ValueError(f"{match[1]} has no week {match[2]}") from None

    @property
    def days(self) -> list[date]:
        return [self.monday + timedelta(days=number) for number in range(7)]

    @property
    def next(self) -> "Week":
        return Week(self.monday + timedelta(days=7))

    @property
    def previous(self) -> "Week":
        return Week(self.monday - timedelta(days=7))

    def __str__(self) -> str:
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02}"
