"""What all mails have in common: always the same bytes from the same values, however often a mail is made."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from email_validator import validate_email


@dataclass(frozen=True, slots=True)
class MailTexts:
    """What a mail says, twice; the HTML bears its styles inside its elements."""

    plain: str
    html: str


def make(
    *,
    sender: str,
    recipient: str,
    subject: str,
    sent_at: datetime,
    message_id: str,
    public_url: str,
    texts: MailTexts,
) -> EmailMessage:
    """Make a mail in plain text and HTML; `message_id` is the part before the @, whose other side is our host."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = ascii_domain(recipient)
    message["Subject"] = subject
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = f"<{message_id}@{_host(public_url)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(texts.plain.strip() + "\n", cte="quoted-printable")
    message.add_alternative(texts.html, subtype="html", cte="quoted-printable")
    return message


def seal(message: EmailMessage) -> EmailMessage:
    """The finished message. Boundaries are random if left alone: a mail sent again would differ from the first."""
    digest = hashlib.sha256(message["Message-ID"].encode()).hexdigest()[:24]
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{number}_{digest}")
    return message


def ascii_domain(address: str) -> str:
    """A domain of other letters in the form that every mail server knows (IDNA 2008)."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}@{validate_email(address, check_deliverability=False).ascii_domain}"


def _host(public_url: str) -> str:
    host = urlsplit(public_url).hostname or "localhost"
    return f"[{host}]" if ":" in host else host
