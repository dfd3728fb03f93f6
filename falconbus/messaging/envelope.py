"""What all mails have in common: always the same bytes from the same values, however often a mail is made."""

import hashlib
from collections.abc import Mapping
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

import css_inline
from email_validator import validate_email
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from falconbus.design import formats
from falconbus.messaging.models import Mail
from falconbus.messaging.trips import trip

_environment = Environment(
    loader=PackageLoader("falconbus.messaging", "templates/mails"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(formats=formats, trip=trip)
# The rules for dark screens and phones cannot be written into the elements: they stay in the head.
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def make(
    mail: Mail,
    *,
    sender: str,
    subject: str,
    message_id: str,
    public_url: str,
    template: str,
    values: Mapping[str, object],
) -> EmailMessage:
    """The message of a mail's row; `message_id` is the part before the @, `template` that of both texts."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = ascii_domain(mail.recipient)
    message["Subject"] = subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = f"<{message_id}@{_host(public_url)}>"
    message["Auto-Submitted"] = "auto-generated"
    plain = _environment.get_template(f"{template}.txt").render(values)
    html = _inliner.inline(_environment.get_template(f"{template}.html").render(values))
    message.set_content(plain.strip() + "\n", cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
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
