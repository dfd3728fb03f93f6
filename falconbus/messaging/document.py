"""A booking as mails, tickets and calendars tell it: the read model, and what only they say."""

from dataclasses import dataclass, replace
from email.utils import parseaddr
from urllib.parse import quote, urlencode

from config import Settings
from falconbus.bookings import service as bookings
from falconbus.bookings.read_model import BookingDetails, JourneyDetails, TicketDetails
from falconbus.messaging.wording import one_line
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.mailing.mail_templates import sender_name


@dataclass(frozen=True, slots=True)
class ReturnedPayment:
    """A payment given back because it was not needed: `paid_twice`, or `too_late` for the seats."""

    amount: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TravelDocument:
    """A booking, each of its names on one line."""

    operator: str
    #: From which its mails come.
    sender_address: str
    public_url: str
    #: With the manage token: a secret of the traveller's.
    manage_url: str
    booking: BookingDetails

    @property
    def reference(self) -> str:
        return self.booking.reference

    @property
    def search_url(self) -> str:
        """Where the same first journey can be looked for again."""
        journey = self.booking.journeys[0]
        query = {
            "origin": journey.origin.code,
            "destination": journey.destination.code,
            "date": journey.origin.at.date().isoformat(),
            "passengers": len(self.booking.passengers),
        }
        return f"{self.public_url}/?{urlencode(query)}"


def get_travel_document(booking_id: int) -> TravelDocument:
    """Return the booking with everything that can be told about it; BookingNotFound."""
    settings = get_settings()
    booking = bookings.get_details(booking_id)
    return TravelDocument(
        operator=sender_name(settings),
        sender_address=parseaddr(settings.mail_from)[1],
        public_url=settings.public_url,
        manage_url=_manage_url(booking.reference, settings),
        booking=replace(booking, journeys=tuple(_journey(journey) for journey in booking.journeys)),
    )


def _manage_url(reference: str, settings: Settings) -> str:
    token = bookings.manage_token(reference, settings.secret_key)
    return f"{settings.public_url}/manage/{reference}?token={quote(token)}"


def _journey(journey: JourneyDetails) -> JourneyDetails:
    return replace(
        journey,
        route_name=one_line(journey.route_name),
        fare_class_name=one_line(journey.fare_class_name),
        conditions=journey.conditions.strip(),
        origin_name=one_line(journey.origin_name),
        origin_city=one_line(journey.origin_city),
        destination_name=one_line(journey.destination_name),
        destination_city=one_line(journey.destination_city),
        tickets=tuple(_ticket(ticket) for ticket in journey.tickets),
    )


def _ticket(ticket: TicketDetails) -> TicketDetails:
    return replace(ticket, passenger=replace(ticket.passenger, name=one_line(ticket.passenger.name)))
