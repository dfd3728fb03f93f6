"""Shapes of dispatching: who is assigned, what they answer, who could take over."""

import re
from typing import Annotated, Literal, Self

import msgspec
from pydantic import AfterValidator, Field, StringConstraints

from falconbus.kit.schema import Body, Query
from falconbus.scheduling.appointments.schemas import AppointmentOut
from falconbus.scheduling.crews.models import Part
from falconbus.scheduling.crews.service import Crew, Warned
from falconbus.scheduling.staff.standing import Standing

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _no_control_characters(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters but line breaks and tabs")
    return value


Key = Annotated[int, Field(gt=0, le=2**31 - 1)]
_Words = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=1000), AfterValidator(_no_control_characters)
]
Reason = Annotated[_Words, StringConstraints(min_length=1)]


class Nothing(Body):
    """No more than the address says."""


class AssignmentIn(Body):
    """The crew and the bus of a charter, whole: who is left out is taken off it."""

    driver_id: Key
    attendant_ids: Annotated[list[Key], Field(default_factory=list, max_length=10)]
    bus_id: Key | None
    #: For who is asked.
    note: _Words = ""

    def crew(self) -> Crew:
        return Crew(self.driver_id, self.attendant_ids)


class ReasonIn(Body):
    """Why, for those who have to deal with it."""

    reason: Reason


class HandOverIn(Body):
    """The colleague who is asked to take over."""

    to: Key


class ColleaguesQuery(Query):
    part: Literal["driver", "attendant"]

    def wanted(self) -> Part:
        return Part(self.part)


class WarningOut(msgspec.Struct):
    """What does not forbid it and should be known: driving_day, driving_week, rest, outside_hours."""

    staff_id: int
    name: str
    code: str
    detail: str

    @classmethod
    def of(cls, warned: Warned) -> Self:
        return cls(warned.staff_id, warned.name, warned.code, warned.detail)


class AssignedOut(msgspec.Struct):
    appointment: AppointmentOut
    warnings: list[WarningOut]


class ColleagueWarningOut(msgspec.Struct):
    code: str
    detail: str


class ColleagueOut(msgspec.Struct):
    """Who is free for a charter. Rest is in hours, null without a duty within 14 days on that side."""

    id: int
    name: str
    rest_before_hours: float | None
    rest_after_hours: float | None
    warnings: list[ColleagueWarningOut]

    @classmethod
    def of(cls, standing: Standing) -> Self:
        before, after = (
            None if rest is None else round(rest.total_seconds() / 3600, 1)
            for rest in (standing.rest_before, standing.rest_after)
        )
        warnings = [ColleagueWarningOut(each.code, each.detail) for each in standing.cautions]
        return cls(standing.staff_id, standing.name, before, after, warnings)


class ColleaguesOut(msgspec.Struct):
    """Those with most rest before the charter first."""

    results: list[ColleagueOut]
