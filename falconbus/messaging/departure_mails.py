"""What travellers are told of a departure of theirs: it is cancelled, or has other times or another bus."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from falconbus.bookings.errors import BookingNotFound
from falconbus.bookings.models import DepartureNotice
from falconbus.bookings.read_model import JourneyDetails
from falconbus.messaging import mail_templates, queries
from falconbus.messaging.booking_mails import papers_of
from falconbus.messaging.document import TravelDocument, get_travel_document
from falconbus.messaging.trip_summary import trip
from falconbus.platform.database.engine import db
from falconbus.platform.mailing.kinds import Render
from falconbus.platform.mailing.mime import MailContent


@dataclass(frozen=True, slots=True)
class ChangedJourney:
    """A journey as it was told before and as it was when this notice was made, each end in its stop's time zone."""

    journey: JourneyDetails
    was: JourneyDetails
    now: JourneyDetails

    @property
    def is_retimed(self) -> bool:
        return (self.was.departs_at, self.was.arrives_at) != (self.now.departs_at, self.now.arrives_at)

    @property
    def has_other_bus(self) -> bool:
        return self.was.bus_number != self.now.bus_number


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notice of a departure holds: the operator's reason, what comes back, its journeys as stored."""

    id: int
    reason: str | None
    refund: int
    journeys: Sequence[dict[str, Any]]


def read(notice_id: int, _sequence: int) -> tuple[Notice, TravelDocument] | None:
    """Return a notice and its booking; None when one of them is gone."""
    row = db.session.get(DepartureNotice, notice_id)
    if row is None:
        return None
    try:
        return Notice(row.id, row.reason, row.refund, row.journeys), get_travel_document(row.booking_id)
    except BookingNotFound:
        return None


def read_changed(notice_id: int, sequence: int) -> tuple[Notice, TravelDocument] | None:
    """Return the same; None also when a later notice tells more, or nothing differs for anybody who still travels.

    Only the newest notice of a departure is told, against what its traveller was told before: of notices that are still
    under way the last might arrive first.
    """
    told = read(notice_id, sequence)
    if told is None or queries.has_later_notice(notice_id):
        return None
    notice, document = told
    untold = {change["number"]: change["was"] for change in queries.untold_changes(notice_id)}
    journeys = [{**change, "was": untold.get(change["number"], change["was"])} for change in notice.journeys]
    notice = replace(notice, journeys=journeys)
    return (notice, document) if _changes(notice, document) else None


def about_departure(write: Callable[[Notice, TravelDocument], MailContent]) -> Render:
    """Make a kind's `render` of a function that writes about a notice."""
    return lambda told: write(*told)


def departure_cancelled(notice: Notice, document: TravelDocument) -> MailContent:
    """Write that the operator has cancelled a departure, what comes back, and what of the booking stays."""
    gone = tuple(_cancelled(_find_journey(document, change), change["passengers"]) for change in notice.journeys)
    search_url = replace(document, booking=replace(document.booking, journeys=gone)).search_url
    values = {"notice": notice, "gone": gone, "stays": document.booking.live_journeys, "search_url": search_url}
    return _content("departure_cancelled", "Your coach is cancelled", notice, document, gone, values)


def departure_changed(notice: Notice, document: TravelDocument) -> MailContent:
    """Write which times or coach a journey has now, and whether it may be cancelled free of charge."""
    changes = _changes(notice, document)
    is_retimed = any(change.is_retimed for change in changes)
    title = "Your coach leaves at another time" if is_retimed else "You travel in another coach"
    values = {"changes": changes, "is_free": any(change.journey.may_be_left_free for change in changes)}
    return _content("departure_changed", title, notice, document, tuple(change.now for change in changes), values)


def _content(
    template: str,
    title: str,
    notice: Notice,
    document: TravelDocument,
    journeys: tuple[JourneyDetails, ...],
    values: dict[str, object],
) -> MailContent:
    booking = document.booking
    known = {"document": document, "booking": booking, "title": title, **values}
    return MailContent(
        subject=f"{title}: {trip(replace(booking, journeys=journeys))} ({booking.reference})",
        texts=mail_templates.render(template, document.brand, known),
        message_id=f"{template}.{notice.id}.{booking.reference}",
        attachments=papers_of(document),
    )


def _changes(notice: Notice, document: TravelDocument) -> tuple[ChangedJourney, ...]:
    known = (_changed(_find_journey(document, change), change) for change in notice.journeys)
    return tuple(
        change for change in known if change.journey.live_tickets and (change.is_retimed or change.has_other_bus)
    )


def _find_journey(document: TravelDocument, change: dict[str, Any]) -> JourneyDetails:
    return next(journey for journey in document.booking.journeys if journey.number == change["number"])


def _cancelled(journey: JourneyDetails, passengers: list[int]) -> JourneyDetails:
    """Return a journey with the tickets that this notice is about; others were cancelled by the traveller before."""
    return replace(
        journey, tickets=tuple(ticket for ticket in journey.tickets if ticket.passenger.number in passengers)
    )


def _changed(journey: JourneyDetails, change: dict[str, Any]) -> ChangedJourney:
    return ChangedJourney(journey, _as_told(journey, change["was"]), _as_told(journey, change["now"]))


def _as_told(journey: JourneyDetails, told: dict[str, Any]) -> JourneyDetails:
    departs_at, arrives_at = (datetime.fromisoformat(told[name]) for name in ("departs_at", "arrives_at"))
    return replace(
        journey,
        departs_at=departs_at,
        arrives_at=arrives_at,
        bus_number=told["bus_number"],
    )
