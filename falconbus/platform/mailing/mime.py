"""What all mails have in common: always the same bytes from the same values, however often a mail is made."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A part to download, with the parameters of its media type."""

    name: str
    media_type: str
    content: bytes
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class MailContent:
    """What is in a mail, whoever it is from and to."""

    subject: str
    texts: MailTexts
    #: The part of the Message-ID before the @, always the same for the same mail; without one it is made of its key.
    message_id: str | None = None
    reply_to: str | None = None
    attachments: Sequence[Attachment] = ()


def make(
    content: MailContent, *, sender: str, recipient: str, sent_at: datetime, message_id: str, public_url: str
) -> EmailMessage:
    """Make a mail in plain text and HTML; `message_id` is the part before the @, whose other side is our host."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = ascii_domain(recipient)
    message["Subject"] = content.subject
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = f"<{message_id}@{_host(public_url)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(content.texts.plain.strip() + "\n", cte="quoted-printable")
    message.add_alternative(content.texts.html, subtype="html", cte="quoted-printable")
    for attachment in content.attachments:
        main, _, sub = attachment.media_type.partition("/")
        message.add_attachment(
            attachment.content, maintype=main, subtype=sub, filename=attachment.name, params=attachment.parameters
        )
    if content.reply_to is not None:
        message["Reply-To"] = ascii_domain(content.reply_to)
    return _seal(message)


def _seal(message: EmailMessage) -> EmailMessage:
    """Finish the message. Boundaries are random if left alone: a mail sent again would differ from the first."""
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
