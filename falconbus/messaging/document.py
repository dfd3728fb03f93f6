"""A booking as mails, tickets and calendars tell it: the read model, and what only they say."""

from dataclasses import dataclass, replace
from email.utils import parseaddr
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from config import Settings
from falconbus.bookings import service as bookings
from falconbus.bookings.read_model import BookingDetails, JourneyDetails, TicketDetails
from falconbus.messaging.wording import one_line
from falconbus.network.brand.service import get_brand, get_logo
from falconbus.platform.design.brand import Brand
from falconbus.platform.kit.settings import get_settings


@dataclass(frozen=True, slots=True)
class ReturnedPayment:
    """A payment, or what of it was too much, that goes back; `reason`: a ReturnReason of payments."""

    amount: int
    currency: str
    reason: str

    @property
    def has_booking(self) -> bool:
        """Whether there is a booking to look at: paid, or to be paid still."""
        return self.reason in {"paid_twice", "overpaid", "wrong_amount"}


@dataclass(frozen=True, kw_only=True, slots=True)
class TravelDocument:
    """A booking, each of its names on one line; its travellers have names once it is paid.

    Anybody can have us write to anybody about a hold: no words of theirs go along.
    """

    brand: Brand
    #: A PNG; None without one.
    logo: bytes | None
    #: From which its mails come.
    sender_address: str
    public_url: str
    #: The operator's page on which departures are searched; None without one.
    booking_url: str | None
    #: With the manage token: a secret of the traveller's.
    manage_url: str
    booking: BookingDetails

    @property
    def reference(self) -> str:
        return self.booking.reference

    @property
    def search_url(self) -> str | None:
        """Where the same first journey can be looked for again, if there is a page for it."""
        if self.booking_url is None:
            return None
        page = urlsplit(self.booking_url)
        journey = self.booking.journeys[0]
        query = {
            **dict(parse_qsl(page.query)),
            "origin": journey.origin.code,
            "destination": journey.destination.code,
            "date": journey.origin.at.date().isoformat(),
            "passengers": str(len(self.booking.passengers)),
        }
        return page._replace(query=urlencode(query)).geturl()


def get_travel_document(booking_id: int) -> TravelDocument:
    """Return the booking with everything that can be told about it; BookingNotFound."""
    settings, brand = get_settings(), get_brand()
    booking = bookings.get_details(booking_id)
    return TravelDocument(
        brand=brand,
        logo=get_logo() if brand.logo_hash else None,
        sender_address=parseaddr(settings.mail_from)[1],
        public_url=settings.public_url,
        booking_url=settings.booking_url,
        manage_url=_manage_url(booking, settings),
        booking=replace(
            booking,
            journeys=tuple(_journey(journey, with_names=booking.was_paid) for journey in booking.journeys),
        ),
    )


def _manage_url(booking: BookingDetails, settings: Settings) -> str:
    token = bookings.manage_token(booking.reference, settings.secret_key, booking.link_version)
    return f"{settings.public_url}/manage/{booking.reference}?token={quote(token)}"


def _journey(journey: JourneyDetails, *, with_names: bool) -> JourneyDetails:
    return replace(
        journey,
        route_name=one_line(journey.route_name),
        fare_class_name=one_line(journey.fare_class_name),
        conditions=journey.conditions.strip(),
        origin_name=one_line(journey.origin_name),
        origin_city=one_line(journey.origin_city),
        origin_description=one_line(journey.origin_description),
        destination_name=one_line(journey.destination_name),
        destination_city=one_line(journey.destination_city),
        destination_description=one_line(journey.destination_description),
        tickets=tuple(_ticket(ticket, with_name=with_names) for ticket in journey.tickets),
    )


def _ticket(ticket: TicketDetails, *, with_name: bool) -> TicketDetails:
    who = ticket.passenger
    name = one_line(who.name) if with_name else f"Passenger {who.number}"
    return replace(ticket, passenger=replace(who, name=name))
