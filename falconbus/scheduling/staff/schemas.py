"""Request and response schemas of the staff."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

import msgspec
from pydantic import AfterValidator, Field, StringConstraints

from falconbus.accounts.models import Role
from falconbus.platform.database.engine import AnyRow
from falconbus.platform.database.pagination import PageQuery
from falconbus.platform.kit import clock
from falconbus.platform.kit.fields import Change, Filter, Moment, Phone, left_out
from falconbus.platform.kit.person_names import PersonName
from falconbus.platform.kit.schema import Body, OneLine, Query
from falconbus.scheduling.assignments.models import CrewRole
from falconbus.scheduling.staff.record_schemas import HoursOut, LeaveOut, LicenceOut, kind_of


def _each_once(roles: list[Role]) -> list[Role]:
    if len(set(roles)) < len(roles):
        raise ValueError("names a role twice")
    return roles


Roles = Annotated[list[Role], Field(min_length=1, max_length=len(Role)), AfterValidator(_each_once)]


class StaffQuery(PageQuery):
    """`role`: who has it; `q`: whose name or e-mail has these words in it."""

    role: Role | None = None
    q: Filter | None = None


# CrewRole under the name and the words that it has in the API document.
class Part(StrEnum):
    """What somebody does on a ride; the role of an account that may do it bears the same name."""

    DRIVER = CrewRole.DRIVER.value
    ATTENDANT = CrewRole.ATTENDANT.value


class FreeQuery(Query):
    """A part in a ride and its times; `appointment`: the charter asked about, which keeps nobody busy itself."""

    part: Part
    start: Moment
    end: Moment
    appointment: Annotated[OneLine, StringConstraints(max_length=32)] | None = None

    def role(self) -> CrewRole:
        return CrewRole(self.part)


class NewStaff(Body):
    """Somebody who begins to work."""

    email: Annotated[OneLine, StringConstraints(max_length=254)]
    name: PersonName
    roles: Roles
    phone: Phone | None = None


class StaffChange(Change):
    """A person's new sides; their e-mail is for ever."""

    name: PersonName = Field(default_factory=left_out)
    roles: Roles = Field(default_factory=left_out)
    active: bool = Field(default_factory=left_out)
    phone: Phone | None = Field(default_factory=left_out)


class StaffRow(msgspec.Struct):
    """A person in the list. `licence_expires_on`: the first day on which one of their kinds of licence runs out."""

    id: int
    name: str
    email: str
    phone: str | None
    roles: list[str]
    active: bool
    licence_expires_on: date | None
    on_leave_until: date | None

    @classmethod
    def of(cls, row: AnyRow) -> Self:
        return cls(**{name: getattr(row, name) for name in StaffRow.__struct_fields__})


class NowOut(msgspec.Struct):
    """What somebody is on: a charter by its reference, or a line schedule by its key; in the zone where it begins."""

    kind: str
    reference: str | None
    schedule_id: int | None
    until: datetime


class ActiveStaffRow(StaffRow):
    """A person whose account is open, with what they do now and when their next duty begins."""

    now: NowOut | None = None
    next: datetime | None = None

    @classmethod
    def of(cls, row: AnyRow) -> Self:
        person = super().of(row)
        if row.until is not None:
            until = clock.local(row.until, row.time_zone)
            person.now = NowOut(kind_of(row.reference), row.reference, row.schedule_id, until)
        if row.next_starts_at is not None:
            person.next = clock.local(row.next_starts_at, row.next_time_zone)
        return person


class StaffOut(StaffRow, kw_only=True):
    """A person with what is kept of them; of their leave, what is not over."""

    licences: list[LicenceOut]
    hours: list[HoursOut]
    leaves: list[LeaveOut]


class NewStaffOut(StaffRow, kw_only=True):
    """Somebody who was given an account; the password for their first sign-in is not shown again."""

    password: str
