"""Request schemas of charters: the request, the change, the query of a list."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from falconbus.platform.database.pagination import CursorQuery
from falconbus.platform.kit import clock
from falconbus.platform.kit.fields import Change, Email, Key, Moment, Phone, Words, left_out
from falconbus.platform.kit.person_names import PersonName
from falconbus.platform.kit.schema import Body, OneLine
from falconbus.scheduling.appointments.queries import AppointmentFilters
from falconbus.scheduling.appointments.requesting import CharterRequest, ClientContact, PlaceRequest


def _each_once(keys: list[int]) -> list[int]:
    if len(set(keys)) < len(keys):
        raise ValueError("names one twice")
    return keys


Passengers = Annotated[int, Field(ge=1, le=1000)]
ServiceKeys = Annotated[list[Key], Field(min_length=1, max_length=20), AfterValidator(_each_once)]
Note = Annotated[Words, StringConstraints(max_length=2000)]


class ClientIn(Body):
    """Who asks."""

    name: PersonName
    email: Email
    phone: Phone | None = None


class PlaceIn(Body):
    """A stop by its code, or a place in the client's words."""

    stop: Annotated[OneLine, StringConstraints(max_length=16)] | None = None
    text: Annotated[OneLine, StringConstraints(max_length=200)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.stop is None) == (self.text is None):
            raise ValueError("give a stop or a text, one of both")
        return self

    def to_request(self) -> PlaceRequest:
        return PlaceRequest(self.stop and self.stop.upper(), self.text)


class AppointmentIn(Body):
    """A charter to be asked for. Without an end it lasts as long as its services."""

    client: ClientIn
    pick_up: PlaceIn
    drop_off: PlaceIn
    start: Moment
    end: Moment | None = None
    services: ServiceKeys
    passengers: Passengers
    note: Note = ""

    def to_request(self) -> CharterRequest:
        return CharterRequest(
            client=ClientContact(self.client.name, self.client.email, self.client.phone),
            pick_up=self.pick_up.to_request(),
            drop_off=self.drop_off.to_request(),
            start=self.start,
            end=self.end,
            services=self.services,
            passengers=self.passengers,
            note=self.note,
        )


class ClientChange(Change):
    """A client's new contact; what is left out stays."""

    name: PersonName = Field(default_factory=left_out)
    email: Email = Field(default_factory=left_out)
    phone: Phone | None = Field(default_factory=left_out)


class AppointmentChangeIn(Change):
    """A charter's new sides; with a new start and no end it is as long as it was."""

    client: ClientChange = Field(default_factory=left_out)
    pick_up: PlaceIn = Field(default_factory=left_out)
    drop_off: PlaceIn = Field(default_factory=left_out)
    start: Moment = Field(default_factory=left_out)
    end: Moment = Field(default_factory=left_out)
    services: ServiceKeys = Field(default_factory=left_out)
    passengers: Passengers = Field(default_factory=left_out)
    note: Note = Field(default_factory=left_out)

    def changes(self) -> dict[str, Any]:
        """Return what the caller gave: the client's fields by the names of their columns, places as PlaceRequest."""
        given = self.model_fields_set
        changes = self.model_dump(include=given - {"client", "pick_up", "drop_off"})
        if "client" in given:
            changes |= {f"client_{name}": value for name, value in self.client.changes().items()}
        for name in ("pick_up", "drop_off"):
            if name in given:
                changes[name] = getattr(self, name).to_request()
        return changes


def _day_or_moment(value: str) -> str:
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("is neither a date nor a time with an offset") from None
    if not 2000 <= instant.year <= 2200 or (instant.tzinfo is None and not _is_day(value)):
        raise ValueError("is neither a date nor a time with an offset")
    return value


def _is_day(value: str) -> bool:
    return re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII) is not None


DayOrMoment = Annotated[str, AfterValidator(_day_or_moment)]


class AppointmentsQuery(CursorQuery):
    """`staff`: whose charters; `start_from` and `start_to` are days of the office's time zone, or times; both count."""

    status: Literal["pending", "assigned", "accepted", "in_progress", "completed", "rejected", "cancelled"] | None = (
        None
    )
    staff: Key | None = None
    client_email: Annotated[OneLine, StringConstraints(max_length=254)] | None = None
    start_from: DayOrMoment | None = None
    start_to: DayOrMoment | None = None

    def filters(self, time_zone: str) -> AppointmentFilters:
        return AppointmentFilters(
            status=self.status,
            staff_id=self.staff,
            client_email=self.client_email,
            starts_from=None if self.start_from is None else _bounds(self.start_from, time_zone)[0],
            starts_before=None if self.start_to is None else _bounds(self.start_to, time_zone)[1],
        )


def _bounds(value: str, time_zone: str) -> tuple[datetime, datetime]:
    """Return the day's or the instant's bounds: from (inclusive) and before (exclusive)."""
    if _is_day(value):
        return clock.day_bounds(date.fromisoformat(value), time_zone)
    instant = datetime.fromisoformat(value)
    return instant, instant + timedelta(microseconds=1)
