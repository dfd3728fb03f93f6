"""A charter as it is shown: plain values, made from the one row that a query reads of it."""

from dataclasses import dataclass, replace
from datetime import datetime

from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import Action
from falconbus.scheduling.assignments.models import AssignmentStatus, Part

#: What a client is told of a charter's history; the rest is between the operator and the crew.
_FOR_CLIENTS = frozenset(
    {Action.REQUESTED, Action.CHANGED, Action.ACCEPTED, Action.CANCELLED, Action.BEGUN, Action.COMPLETED}
)
#: The actions whose notes are for the client, too.
_NOTES_FOR_CLIENTS = frozenset({Action.CHANGED, Action.CANCELLED})


@dataclass(frozen=True, slots=True)
class PlaceRecord:
    """Where the coach comes to: a stop of the network, or what the client wrote (then `code` is None)."""

    code: str | None
    name: str


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """Somebody who works here; `id` is None for who may not know it."""

    id: int | None
    name: str


@dataclass(frozen=True, slots=True)
class CrewRecord:
    """Somebody who was asked, and has said yes or nothing yet."""

    id: int | None
    name: str
    part: str
    status: str


@dataclass(frozen=True, slots=True)
class PromisedService:
    """A service as it was promised; the duration in minutes, the price in the smallest unit."""

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
    """A line of the history; nobody of the staff did it where `by` is None."""

    at: datetime
    by: PersonRecord | None
    action: str
    status: str
    note: str


@dataclass(frozen=True, slots=True)
class AppointmentRecord:
    """A charter; instants are UTC, to be shown in its own `time_zone`. Lists leave out what has a default."""

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
    services: tuple[PromisedService, ...]
    #: In minutes, and in the smallest unit; the database adds them up.
    total_duration: int
    total_price: int
    currency: str
    #: Everybody who was asked and has not said no, in the order in which they were asked.
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
        """Who has accepted to drive it, else who was asked last."""
        drivers = [who for who in self.crew if who.part == Part.DRIVER]
        accepted = [who for who in drivers if who.status == AssignmentStatus.ACCEPTED]
        return next(reversed(accepted or drivers), None)

    @property
    def attendants(self) -> list[CrewRecord]:
        return [who for who in self.crew if who.part == Part.ATTENDANT]

    @property
    def title(self) -> str:
        """`Charter ABCD2345: Fri 27 Nov 10:00, Union Buildings to Soweto`."""
        when = moment_in_words(self.starts_at, self.time_zone)
        return f"Charter {self.reference}: {when}, {self.pick_up.name} to {self.drop_off.name}"

    def for_client(self) -> "AppointmentRecord":
        """What its client reads: who comes, by name; no rejection, and no more of the history than is theirs."""
        known = (who for who in self.crew if who.status == AssignmentStatus.ACCEPTED)
        return replace(
            self,
            crew=tuple(replace(who, id=None) for who in known),
            operator=self.operator and replace(self.operator, id=None),
            rejection=None,
            history=tuple(
                replace(change, by=None, note=change.note if change.action in _NOTES_FOR_CLIENTS else "")
                for change in self.history
                if change.action in _FOR_CLIENTS
            ),
        )


def moment_in_words(instant: datetime, time_zone: str) -> str:
    """`Fri 27 Nov 10:00`, as people in the zone read it."""
    local = clock.local(instant, time_zone)
    return f"{local:%a} {local.day} {local:%b %H:%M}"
