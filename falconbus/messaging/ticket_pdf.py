"""Tickets to print or to show: a page for each passenger on each journey."""

from falconbus.bookings.read_model import BookingDetails, Call, JourneyDetails, TicketDetails
from falconbus.messaging.document import TravelDocument
from falconbus.messaging.pdf_fonts import print_line
from falconbus.messaging.pdf_page import GREY, INNER, MARGIN, WHITE, WIDTH, Paper
from falconbus.messaging.trip_summary import trip
from falconbus.platform.design import formats
from falconbus.platform.design.brand import Brand
from falconbus.platform.design.colours import parts_of

_CODE = 54.0
#: Where the foot begins, below the longest conditions.
_FOOT = 282.0
#: The box of the logo in millimetres, width and height.
_LOGO = (60.0, 15.0)
_TOP = 38.0
_BESIDE_CODE = INNER - _CODE - 6
_COLUMN = INNER / 2 - 4
_NOTE = (
    "Be at the stop 15 minutes before departure, with this page on paper or on a screen, and proof of your identity."
)
_LETTERS = "□ stands for a letter that this page cannot print; the full name is in the booking."


def ticket_pdf(document: TravelDocument) -> bytes:
    """A PDF with the tickets that are not cancelled; the same bytes for the same booking."""
    booking = document.booking
    paper = Paper()
    paper.set_title(f"Tickets {booking.reference}: {trip(booking.remainder)}")
    paper.set_author(document.brand.name)
    paper.set_lang(formats.LANGUAGE.replace("_", "-"))
    paper.set_creation_date(booking.created_at)
    pages = [(journey, ticket) for journey in booking.live_journeys for ticket in journey.live_tickets]
    for number, (journey, ticket) in enumerate(pages, 1):
        paper.add_page()
        _head(paper, document, f"Ticket {number} of {len(pages)}")
        _traveller(paper, booking, ticket)
        _journey(paper, journey)
        _facts(paper, booking, journey, ticket)
        _conditions(paper, journey)
        _foot(paper, document.brand)
    return paper.content()


def _head(paper: Paper, document: TravelDocument, counted: str) -> None:
    paper.set_fill_color(*parts_of(document.brand.strong))
    paper.rect(0, 0, WIDTH, 25, style="F")
    if document.logo is not None:
        paper.logo(document.logo, (MARGIN, 5), _LOGO)
    else:
        paper.words(document.brand.name, (MARGIN, 8.5), INNER * 0.7, 18, bold=True, colour=WHITE)
    paper.words(counted, (WIDTH - MARGIN - 50, 10.5), 50, 11, colour=WHITE, align="R")


def _traveller(paper: Paper, booking: BookingDetails, ticket: TicketDetails) -> None:
    name = ticket.passenger.name
    code_x = WIDTH - MARGIN - _CODE
    paper.qr_code(ticket.code, code_x, _TOP - 6, _CODE)
    paper.words(ticket.code, (code_x, _TOP + _CODE - 8), _CODE, 10, colour=GREY, align="C")
    _label(paper, "Booking reference", (MARGIN, _TOP))
    paper.words(booking.reference, (MARGIN, _TOP + 4.5), _BESIDE_CODE, 32, bold=True)
    _label(paper, "Passenger", (MARGIN, _TOP + 24))
    below = paper.words(
        name,
        (MARGIN, _TOP + 28.5),
        _BESIDE_CODE,
        18,
        bold=True,
        lines=2 if len(name) < 60 else 3,
    )
    if print_line(name, "B").lacks_letters:
        paper.words(_LETTERS, (MARGIN, below + 1), _BESIDE_CODE, 8, colour=GREY, lines=2)


def _journey(paper: Paper, journey: JourneyDetails) -> None:
    paper.rule(96)
    paper.words(journey.route_name, (MARGIN, 100), INNER, 12, colour=GREY)
    _end(paper, "From", journey.origin, MARGIN, name_zone=journey.crosses_zones)
    _end(paper, "To", journey.destination, MARGIN + INNER / 2 + 4, name_zone=journey.crosses_zones)


def _end(paper: Paper, label: str, call: Call, x: float, *, name_zone: bool) -> None:
    _label(paper, label, (x, 110))
    y = paper.words(formats.clock_time(call.at), (x, 114), _COLUMN, 30, bold=True)
    if name_zone:
        y = paper.words(formats.zone(call.at), (x, y), _COLUMN, 11)
    y = paper.words(formats.day(call.at), (x, y + 1), _COLUMN, 11)
    y = paper.words(call.name, (x, y + 3), _COLUMN, 15, bold=True, lines=3)
    city = "" if call.city == call.name else f", {call.city}"
    # What comes first gives the line its direction.
    where = f"Stop {call.code}{city}" + (call.description and f": {call.description}")
    paper.words(where, (x, y + 1), _COLUMN, 10, colour=GREY, lines=3)


def _facts(paper: Paper, booking: BookingDetails, journey: JourneyDetails, ticket: TicketDetails) -> None:
    paper.rule(176)
    facts = (
        ("Seat", ticket.seat_number),
        ("Class", journey.fare_class_name),
        ("Coach", journey.bus_number),
        ("Fare", formats.amount(ticket.fare, booking.currency)),
    )
    width = INNER / len(facts)
    for number, (label, value) in enumerate(facts):
        x = MARGIN + number * width
        _label(paper, label, (x, 181))
        paper.words(value, (x, 185.5), width - 4, 20, bold=True, lines=1 if len(value) < 20 else 2)
    paper.rule(202)


def _conditions(paper: Paper, journey: JourneyDetails) -> None:
    y = 207.0
    if journey.conditions:
        _label(paper, f"Conditions of {journey.fare_class_name}", (MARGIN, y))
        y = paper.words(journey.conditions, (MARGIN, y + 5), INNER, 10, lines=12) + 5
    paper.words(_NOTE, (MARGIN, y), INNER, 10, colour=GREY, lines=2)


def _foot(paper: Paper, brand: Brand) -> None:
    asked = " · ".join(part for part in (brand.name, brand.contact) if part)
    below = paper.words(asked, (MARGIN, _FOOT), INNER, 9, colour=GREY)
    if brand.imprint:
        paper.words(brand.imprint, (MARGIN, below), INNER, 7, colour=GREY, lines=2)


def _label(paper: Paper, words: str, at: tuple[float, float]) -> None:
    paper.words(words, at, _COLUMN, 9, colour=GREY)
