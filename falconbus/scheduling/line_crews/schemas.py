"""Request and response schemas of the crews of line schedules."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Self

import msgspec
from pydantic import Field

from falconbus.platform.database.engine import AnyRow
from falconbus.platform.database.pagination import PageQuery
from falconbus.platform.kit import clock
from falconbus.platform.kit.fields import Day, Key
from falconbus.platform.kit.schema import Body
from falconbus.scheduling.assignments.models import CrewRole
from falconbus.scheduling.assignments.service import Crew
from falconbus.scheduling.eligibility.service import StaffWarning
from falconbus.scheduling.line_crews.service import CrewMember, LineCrew


class LineCrewIn(Body):
    """Everybody who is on a departure; who is not named is taken off."""

    driver_id: Key | None
    attendant_ids: Annotated[list[Key], Field(max_length=10)]

    def crew(self) -> Crew:
        return Crew(self.driver_id, self.attendant_ids)


class UncrewedQuery(PageQuery):
    """The office's days, both included; a week from today unless said."""

    begin: Day | None = Field(default=None, alias="from")
    to: Day | None = None


class LineMember(msgspec.Struct):
    """One of a crew."""

    id: int
    name: str
    phone: str | None

    @classmethod
    def of(cls, member: CrewMember) -> Self:
        return cls(member.id, member.name, member.phone)


class LineWarning(msgspec.Struct):
    """What speaks against somebody on this ride without forbidding it."""

    staff_id: int
    code: str
    detail: str


class LineCrewOut(msgspec.Struct):
    """A departure's crew; times have the offset of their stop. `warnings` are about those who were put on just now."""

    schedule_id: int
    route: str
    departure_time: datetime
    arrival_time: datetime
    bus_number: str
    driver: LineMember | None
    attendants: list[LineMember]
    warnings: list[LineWarning]

    @classmethod
    def of(cls, crew: LineCrew, warnings: Iterable[StaffWarning] = ()) -> Self:
        by_role = {role: [LineMember.of(member) for member in crew.members if member.part == role] for role in CrewRole}
        return cls(
            schedule_id=crew.schedule_id,
            route=crew.route_name,
            departure_time=crew.departs_at,
            arrival_time=crew.arrives_at,
            bus_number=crew.bus_number,
            driver=next(iter(by_role[CrewRole.DRIVER]), None),
            attendants=by_role[CrewRole.ATTENDANT],
            warnings=[LineWarning(warning.staff_id, warning.code, warning.detail) for warning in warnings],
        )


class UncrewedOut(msgspec.Struct):
    """A departure to come that has no driver; times have the offset of their stop."""

    schedule_id: int
    route: str
    departure_time: datetime
    arrival_time: datetime
    bus_number: str

    @classmethod
    def of(cls, row: AnyRow) -> Self:
        return cls(
            schedule_id=row.id,
            route=row.route_name,
            departure_time=clock.local(row.departure_time, row.origin_zone),
            arrival_time=clock.local(row.arrival_time, row.destination_zone),
            bus_number=row.bus_number,
        )
