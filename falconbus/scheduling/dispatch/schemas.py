"""Request and response schemas of dispatching."""

from typing import Annotated, Literal

import msgspec
from pydantic import Field, StringConstraints

from falconbus.platform.kit.fields import Key, Words
from falconbus.platform.kit.schema import Body, Query
from falconbus.scheduling.appointments.schemas import AppointmentOut
from falconbus.scheduling.assignments.models import CrewRole
from falconbus.scheduling.assignments.service import Crew
from falconbus.scheduling.eligibility.schemas import WarningOut

Reason = Annotated[Words, StringConstraints(min_length=1, max_length=1000)]


class Nothing(Body):
    """No more than the address says."""


class AssignmentIn(Body):
    """The crew and the bus of a charter, whole: who is left out is taken off it."""

    driver_id: Key
    attendant_ids: Annotated[list[Key], Field(default_factory=list, max_length=10)]
    bus_id: Key | None
    #: For who is asked.
    note: Annotated[Words, StringConstraints(max_length=1000)] = ""

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

    def role(self) -> CrewRole:
        return CrewRole(self.part)


class AssignedOut(msgspec.Struct):
    appointment: AppointmentOut
    warnings: list[WarningOut]
