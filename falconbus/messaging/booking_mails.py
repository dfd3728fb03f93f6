"""What travellers are told of their booking: from a booking to what is in the mail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from falconbus.bookings.errors import BookingNotFound
from falconbus.bookings.read_model import BookingDetails
from falconbus.messaging import calendar_file, mail_templates, queries
from falconbus.messaging.document import ReturnedPayment, TravelDocument, get_travel_document
from falconbus.messaging.lazy_ticket_pdf import ticket_pdf
from falconbus.messaging.trip_summary import trip
from falconbus.payments import refunds
from falconbus.platform.design import formats
from falconbus.platform.kit.emails import hidden_address
from falconbus.platform.mailing.kinds import Render
from falconbus.platform.mailing.mime import Attachment, MailContent


def read(booking_id: int, sequence: int) -> tuple[TravelDocument, int] | None:
    """Return the booking and the mail's sequence; None when the booking is gone."""
    try:
        return get_travel_document(booking_id), sequence
    except BookingNotFound:
        return None


def read_confirmed(booking_id: int, sequence: int) -> tuple[TravelDocument, int] | None:
    """Return the same; None also for a booking that was cancelled since, of which another mail tells."""
    told = read(booking_id, sequence)
    return told if told is not None and told[0].booking.is_confirmed else None


def read_expired(booking_id: int, sequence: int) -> tuple[TravelDocument, int] | None:
    """Return the same; None also when something has been paid, or may still be."""
    return read(booking_id, sequence) if queries.find_travellers_of_expired([booking_id]) else None


def read_returned(booking_id: int, sequence: int) -> tuple[TravelDocument, int, ReturnedPayment] | None:
    """Return the same with the payment that goes back."""
    told = read(booking_id, sequence)
    return None if told is None else (*told, _returned(told[0].booking, sequence))


def about_booking(write: Callable[..., MailContent]) -> Render:
    """Make a kind's `render` of a function that writes about a booking, from the parts of what was read."""
    return lambda told: write(*told)


def confirmation(document: TravelDocument, sequence: int) -> MailContent:
    """Write that the booking is paid and confirmed; with its tickets."""
    about, tickets = document.booking.remainder, tickets_of(document)
    return _content("confirmation", document, sequence, title="Your tickets", about=about, attachments=tickets)


def cancellation(document: TravelDocument, sequence: int) -> MailContent:
    """Write that all or a part is cancelled; with the tickets that stay, or what takes all out of a calendar."""
    happened = "Partly cancelled" if document.booking.live_journeys else "Cancelled"
    papers = papers_of(document)
    return _content("cancellation", document, sequence, title="Cancelled", happened=happened, attachments=papers)


def hold_expired(document: TravelDocument, sequence: int) -> MailContent:
    """Write that the time to pay is over."""
    left = replace(document, booking=document.booking.remainder)
    return _content("hold_expired", left, sequence, title="Your seats are no longer held")


def contact_changed(document: TravelDocument, sequence: int) -> MailContent:
    """Write to the address before that the mails of the booking go elsewhere; nothing in it opens the booking."""
    address = hidden_address(document.booking.email or "")
    return _content(
        "contact_changed", document, sequence, title="Your booking has another address", values={"address": address}
    )


def payment_returned(document: TravelDocument, sequence: int, returned: ReturnedPayment) -> MailContent:
    """Write that money came which the booking had no use for, and goes back."""
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
            template, document.brand, {"document": document, "booking": booking, "title": title, **(values or {})}
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
        _calendar(document),
    )


def papers_of(document: TravelDocument) -> Sequence[Attachment]:
    """What to travel with, else what takes the journeys out of a calendar."""
    return tickets_of(document) or ((_calendar(document),) if document.booking.was_paid else ())


def _calendar(document: TravelDocument) -> Attachment:
    return Attachment(
        name=f"journey-{document.reference}.ics",
        media_type="text/calendar",
        content=calendar_file.calendar_file(document),
        parameters={"method": calendar_file.method(document), "charset": "utf-8"},
    )
