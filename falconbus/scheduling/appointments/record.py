"""Charters as plain values, made from the one row that a query reads of each."""

from dataclasses import dataclass, replace
from datetime import datetime

from falconbus.platform.design import formats
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import Action
from falconbus.scheduling.assignments.models import AssignmentStatus, CrewRole

#: Entries of a charter's history that its client sees; the others are between the operator and the crew.
_FOR_CLIENTS = frozenset(
    {Action.REQUESTED, Action.CHANGED, Action.ACCEPTED, Action.CANCELLED, Action.BEGUN, Action.COMPLETED}
)
#: The actions whose notes are for the client, too.
_NOTES_FOR_CLIENTS = frozenset({Action.CHANGED, Action.CANCELLED})


@dataclass(frozen=True, slots=True)
class PlaceRecord:
    """A pick-up or drop-off: a stop of the network, or the client's own text (`code` is None)."""

    code: str | None
    name: str


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A member of the staff; `id` is None in what clients see."""

    id: int | None
    name: str


@dataclass(frozen=True, slots=True)
class CrewRecord:
    """A member of the crew whose assignment is offered or accepted."""

    id: int | None
    name: str
    part: str
    status: str


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """A service of a charter on the terms of its request; duration in minutes, price in the smallest unit."""

    id: int
    name: str
    duration: int
    price: int


@dataclass(frozen=True, slots=True)
class RejectionRecord:
    by: PersonRecord
    reason: str


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """An entry of the history; `by` is None where nobody of the staff did it."""

    at: datetime
    by: PersonRecord | None
    action: str
    status: str
    note: str


@dataclass(frozen=True, slots=True)
class AppointmentRecord:
    """A charter; instants are UTC, to be shown in its `time_zone`. Fields with defaults are not set in lists."""

    id: int
    reference: str
    status: str
    client_id: int | None
    client_name: str
    client_email: str
    client_phone: str | None
    pick_up: PlaceRecord
    drop_off: PlaceRecord
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    passengers: int
    services: tuple[ItemRecord, ...]
    #: In minutes, and in the smallest unit; the database adds them up.
    total_duration: int
    total_price: int
    currency: str
    #: All with a live assignment, in the order in which they were asked.
    crew: tuple[CrewRecord, ...]
    operator: PersonRecord | None
    bus_number: str | None
    rejection: RejectionRecord | None
    created_at: datetime
    note: str = ""
    cancellation_reason: str | None = None
    #: Oldest first.
    history: tuple[ChangeRecord, ...] = ()

    @property
    def driver(self) -> CrewRecord | None:
        """Return the driver who has accepted, else the one who was asked last."""
        drivers = [member for member in self.crew if member.part == CrewRole.DRIVER]
        accepted = [member for member in drivers if member.status == AssignmentStatus.ACCEPTED]
        return next(reversed(accepted or drivers), None)

    @property
    def attendants(self) -> list[CrewRecord]:
        return [member for member in self.crew if member.part == CrewRole.ATTENDANT]

    @property
    def title(self) -> str:
        """Return the title of notifications: `Charter ABCD2345: Fri 27 Nov 10:00, Union Buildings to Soweto`."""
        when = formats.staff_moment(clock.local(self.starts_at, self.time_zone))
        return f"Charter {self.reference}: {when}, {self.pick_up.name} to {self.drop_off.name}"

    def for_client(self) -> "AppointmentRecord":
        """Return the charter as its client sees it: names of the accepted crew, no rejection, the history in part."""
        accepted = (member for member in self.crew if member.status == AssignmentStatus.ACCEPTED)
        return replace(
            self,
            crew=tuple(replace(member, id=None) for member in accepted),
            operator=self.operator and replace(self.operator, id=None),
            rejection=None,
            history=tuple(
                replace(change, by=None, note=change.note if change.action in _NOTES_FOR_CLIENTS else "")
                for change in self.history
                if change.action in _FOR_CLIENTS
            ),
        )
