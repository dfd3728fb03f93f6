"""From a mail's row and its booking to the message: always the same bytes, however often it is made."""

import hashlib
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

import css_inline
from email_validator import validate_email
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from falconbus.messaging import formats
from falconbus.messaging.calendar_file import calendar_file
from falconbus.messaging.document import ReturnedPayment, TravelDocument
from falconbus.messaging.models import Mail, MailEvent
from falconbus.messaging.paper_tickets import ticket_pdf

_environment = Environment(
    loader=PackageLoader("falconbus.messaging", "templates/mails"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals["formats"] = formats
# The rules for dark screens and phones cannot be written into the elements: they stay in the head.
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def compose(mail: Mail, document: TravelDocument, *, sender: str) -> EmailMessage:
    """The message that tells of the mail's event."""
    event = MailEvent(mail.event)
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = _ascii_domain(mail.recipient)
    message["Subject"] = subject(event, mail.sequence, document)
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = f"<{event}.{mail.sequence}.{document.reference}@{_host(document.public_url)}>"
    message["Auto-Submitted"] = "auto-generated"
    values = {"document": document, "title": _TITLES[event], "returned": _returned(mail.sequence, document)}
    plain = _environment.get_template(f"{event}.txt").render(values)
    html = _inliner.inline(_environment.get_template(f"{event}.html").render(values))
    message.set_content(plain.strip() + "\n", cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    if event in _WITH_TICKETS and document.is_confirmed and document.live_journeys:
        _attach_tickets(message, document)
    _fix_boundaries(message)
    return message


_TITLES = {
    MailEvent.CONFIRMATION: "Your tickets",
    MailEvent.CANCELLATION: "Cancelled",
    MailEvent.HOLD_EXPIRED: "Your seats are no longer held",
    MailEvent.PAYMENT_RETURNED: "Your payment goes back to you",
}
_WITH_TICKETS = {MailEvent.CONFIRMATION, MailEvent.CANCELLATION}


def subject(event: MailEvent, sequence: int, document: TravelDocument) -> str:
    """`Your tickets: Johannesburg to Durban, Fri 18 Dec 07:00 (ABCD2345)`."""
    title = _TITLES[event]
    if event == MailEvent.CANCELLATION and document.live_journeys:
        title = "Partly cancelled"
    if event == MailEvent.PAYMENT_RETURNED:
        title = f"{formats.amount(_returned(sequence, document).amount, document)} goes back to you"
    return f"{title}: {formats.trip(document)} ({document.reference})"


def _returned(sequence: int, document: TravelDocument) -> ReturnedPayment:
    """The payment that this mail is about: the first mail tells of the first one, and so on."""
    if sequence <= len(document.returned):
        return document.returned[sequence - 1]
    return ReturnedPayment(document.total, "too_late")


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


def _ascii_domain(address: str) -> str:
    """A domain of other letters in the form that every mail server knows (IDNA 2008)."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}@{validate_email(address, check_deliverability=False).ascii_domain}"


def _host(public_url: str) -> str:
    host = urlsplit(public_url).hostname or "localhost"
    return f"[{host}]" if ":" in host else host


def _fix_boundaries(message: EmailMessage) -> None:
    """Boundaries are random if left alone: a mail sent again would differ from the first."""
    digest = hashlib.sha256(message["Message-ID"].encode()).hexdigest()[:24]
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{number}_{digest}")
