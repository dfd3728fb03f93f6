"""What travellers are told of their booking: from a booking to what is in the mail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from falconbus.bookings.errors import BookingNotFound
from falconbus.bookings.read_model import BookingDetails
from falconbus.messaging import mail_templates, queries
from falconbus.messaging.calendar_file import calendar_file
from falconbus.messaging.document import ReturnedPayment, TravelDocument, get_travel_document
from falconbus.messaging.lazy_ticket_pdf import ticket_pdf
from falconbus.messaging.trip_summary import trip
from falconbus.payments import refunds
from falconbus.platform.design import formats
from falconbus.platform.mailing.kinds import Compose
from falconbus.platform.mailing.mime import Attachment, MailContent


def about_booking(write: Callable[[TravelDocument, int], MailContent | None]) -> Compose:
    """Make a kind's `compose` of a function that writes about a booking, which is given the mail's sequence, too.

    A mail is written some time after it was told: the function returns None when it does not hold any more.
    """

    def compose(booking_id: int, sequence: int) -> MailContent | None:
        try:
            document = get_travel_document(booking_id)
        except BookingNotFound:
            return None
        return write(document, sequence)

    return compose


def confirmation(document: TravelDocument, sequence: int) -> MailContent | None:
    """Write that the booking is paid and confirmed; with its tickets. One cancelled since has had a mail about that."""
    if not document.booking.is_confirmed:
        return None
    about, tickets = document.booking.remainder, tickets_of(document)
    return _content("confirmation", document, sequence, title="Your tickets", about=about, attachments=tickets)


def cancellation(document: TravelDocument, sequence: int) -> MailContent:
    """Write that all or a part of the booking is cancelled; with the tickets that stay."""
    happened = "Partly cancelled" if document.booking.live_journeys else "Cancelled"
    tickets = tickets_of(document)
    return _content("cancellation", document, sequence, title="Cancelled", happened=happened, attachments=tickets)


def hold_expired(document: TravelDocument, sequence: int) -> MailContent | None:
    """Write that the time to pay is over, if nothing has been paid and nothing may still be."""
    booking = document.booking
    if not queries.find_travellers_of_expired([booking.id]):
        return None
    left = replace(document, booking=booking.remainder)
    return _content("hold_expired", left, sequence, title="Your seats are no longer held")


def payment_returned(document: TravelDocument, sequence: int) -> MailContent:
    """Write that money came which the booking had no use for, and goes back."""
    booking = document.booking
    returned = _returned(booking, sequence)
    return _content(
        "payment_returned",
        document,
        sequence,
        title="Your payment goes back to you",
        happened=f"{formats.amount(returned.amount, returned.currency)} goes back to you",
        values={"returned": returned},
    )


def _content(
    template: str,
    document: TravelDocument,
    sequence: int,
    *,
    title: str,
    happened: str | None = None,
    about: BookingDetails | None = None,
    values: Mapping[str, object] | None = None,
    attachments: Sequence[Attachment] = (),
) -> MailContent:
    """Subject: `Your tickets: Johannesburg to Durban, Fri 18 Dec 07:00 (ABCD2345)`.

    `happened` is the title if None, and the trip is that of the booking unless it is `about` a part of it.
    """
    booking = document.booking
    return MailContent(
        subject=f"{happened or title}: {trip(about or booking)} ({booking.reference})",
        texts=mail_templates.render(
            template, {"document": document, "booking": booking, "title": title, **(values or {})}
        ),
        message_id=f"{template}.{sequence}.{booking.reference}",
        attachments=attachments,
    )


def _returned(booking: BookingDetails, sequence: int) -> ReturnedPayment:
    """The payment that this mail is about: the first mail tells of the first one, and so on."""
    returned = refunds.returned(booking.id)
    if sequence <= len(returned):
        row = returned[sequence - 1]
        return ReturnedPayment(row.amount, row.currency, row.reason)
    return ReturnedPayment(booking.total, booking.currency, "too_late")


def tickets_of(document: TravelDocument) -> Sequence[Attachment]:
    """What to travel with, if anything is left to travel on."""
    if not (document.booking.is_confirmed and document.booking.live_journeys):
        return ()
    reference = document.reference
    return (
        Attachment(name=f"tickets-{reference}.pdf", media_type="application/pdf", content=ticket_pdf(document)),
        Attachment(
            name=f"journey-{reference}.ics",
            media_type="text/calendar",
            content=calendar_file(document),
            parameters={"method": "PUBLISH", "charset": "utf-8"},
        ),
    )
