"""From a mail's row and its booking to the message."""

from collections.abc import Sequence
from email.message import EmailMessage

from falconbus.bookings.read_model import BookingDetails
from falconbus.messaging import mail_templates
from falconbus.messaging.calendar_file import calendar_file
from falconbus.messaging.document import ReturnedPayment, TravelDocument
from falconbus.messaging.lazy_ticket_pdf import ticket_pdf
from falconbus.messaging.models import Mail, MailEvent
from falconbus.messaging.trip_summary import trip
from falconbus.platform.design import formats
from falconbus.platform.mailing import mime


def compose(
    mail: Mail, document: TravelDocument, returned: Sequence[ReturnedPayment] = (), *, sender: str
) -> EmailMessage:
    """Write the message that tells of the mail's event; `returned` are the payments not needed, in order."""
    event = MailEvent(mail.event)
    booking = document.booking
    payment = _returned(mail.sequence, booking, returned)
    message = mime.make(
        sender=sender,
        recipient=mail.recipient,
        sent_at=mail.created_at,
        subject=subject(event, booking, payment),
        message_id=f"{event}.{mail.sequence}.{booking.reference}",
        public_url=document.public_url,
        texts=mail_templates.render(
            event, {"document": document, "booking": booking, "title": _TITLES[event], "returned": payment}
        ),
    )
    if event in _WITH_TICKETS and booking.is_confirmed and booking.live_journeys:
        _attach_tickets(message, document)
    return mime.seal(message)


_TITLES = {
    MailEvent.CONFIRMATION: "Your tickets",
    MailEvent.CANCELLATION: "Cancelled",
    MailEvent.HOLD_EXPIRED: "Your seats are no longer held",
    MailEvent.PAYMENT_RETURNED: "Your payment goes back to you",
}
_WITH_TICKETS = {MailEvent.CONFIRMATION, MailEvent.CANCELLATION}


def subject(event: MailEvent, booking: BookingDetails, returned: ReturnedPayment) -> str:
    """`Your tickets: Johannesburg to Durban, Fri 18 Dec 07:00 (ABCD2345)`."""
    title = _TITLES[event]
    if event == MailEvent.CANCELLATION and booking.live_journeys:
        title = "Partly cancelled"
    if event == MailEvent.PAYMENT_RETURNED:
        title = f"{formats.amount(returned.amount, booking.currency)} goes back to you"
    return f"{title}: {trip(booking)} ({booking.reference})"


def _returned(sequence: int, booking: BookingDetails, returned: Sequence[ReturnedPayment]) -> ReturnedPayment:
    """The payment that this mail is about: the first mail tells of the first one, and so on."""
    if sequence <= len(returned):
        return returned[sequence - 1]
    return ReturnedPayment(booking.total, "too_late")


def _attach_tickets(message: EmailMessage, document: TravelDocument) -> None:
    reference = document.reference
    message.add_attachment(
        ticket_pdf(document), maintype="application", subtype="pdf", filename=f"tickets-{reference}.pdf"
    )
    message.add_attachment(
        calendar_file(document),
        maintype="text",
        subtype="calendar",
        filename=f"journey-{reference}.ics",
        params={"method": "PUBLISH", "charset": "utf-8"},
    )
