"""A mailer that sends by SMTP (RFC 5321)."""

import contextlib
import re
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from falconbus.platform.integrations.mail.mailer import MailServerAway, PermanentMailFault, TemporaryMailFault

_SECONDS = 10.0
#: Bad sender's mailbox syntax, bad sender's system (RFC 3463, 3.2).
_ABOUT_SENDER = {"5.1.7", "5.1.8"}
_ENHANCED_CODE = re.compile(rb"\b[245]\.\d{1,3}\.\d{1,3}\b")


@dataclass(frozen=True, kw_only=True)
class SmtpAddress:
    """`smtp://[user:password@]host[:port][?starttls=1]` or `smtps://...`."""

    host: str
    port: int
    user: str
    password: str
    #: TLS from the first byte.
    implicit_tls: bool
    #: Nothing is sent before TLS with a certificate that proves the host's name.
    must_encrypt: bool

    @classmethod
    def parse(cls, url: str) -> Self:
        parts = urlsplit(url)
        implicit_tls = parts.scheme == "smtps"
        user = unquote(parts.username or "")
        must_encrypt = implicit_tls or bool(user) or parse_qs(parts.query).get("starttls") == ["1"]
        usual_port = 465 if implicit_tls else 587 if must_encrypt else 25
        return cls(
            host=parts.hostname or "localhost",
            port=parts.port or usual_port,
            user=user,
            password=unquote(parts.password or ""),
            implicit_tls=implicit_tls,
            must_encrypt=must_encrypt,
        )


class SmtpMailer:
    """Sends to one server, over a connection a message; `helo` is the name that we give ourselves."""

    def __init__(self, url: str, helo: str) -> None:
        self._address = SmtpAddress.parse(url)
        self._helo = helo

    def send(self, message: EmailMessage) -> None:
        try:
            connection = self._connect()
        except smtplib.SMTPAuthenticationError as fault:
            raise TemporaryMailFault(_reason("the sign-in", fault.smtp_code, fault.smtp_error)) from None
        except smtplib.SMTPResponseException as fault:
            raise TemporaryMailFault(_reason("connecting", fault.smtp_code, fault.smtp_error)) from None
        except (OSError, smtplib.SMTPException) as fault:
            raise MailServerAway(f"connecting to the SMTP server: {type(fault).__name__}") from None
        try:
            _hand_over(connection, message)
        finally:
            # The message is accepted or not by now; an error at QUIT changes nothing.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        address = self._address
        if address.implicit_tls:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                address.host, address.port, self._helo, timeout=_SECONDS, context=_tls(verified=True)
            )
        else:
            connection = smtplib.SMTP(address.host, address.port, self._helo, timeout=_SECONDS)
        try:
            self._greet(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _greet(self, connection: smtplib.SMTP) -> None:
        """Say EHLO, encrypt, sign in. Credentials go only over a connection that is encrypted and verified."""
        address = self._address
        connection.ehlo_or_helo_if_needed()
        if not address.implicit_tls:
            if connection.has_extn("starttls"):
                connection.starttls(context=_tls(verified=address.must_encrypt))
                connection.ehlo()
            elif address.must_encrypt:
                raise TemporaryMailFault("the SMTP server offers no encryption, and the settings ask for it")
        if address.user:
            connection.login(address.user, address.password)


def _tls(*, verified: bool) -> ssl.SSLContext:
    """Return the TLS context; an unverified one is for local relays with a certificate of their own (RFC 7435)."""
    context = ssl.create_default_context()
    if not verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _hand_over(connection: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        connection.send_message(message)
    except smtplib.SMTPRecipientsRefused as fault:
        code, text = next(iter(fault.recipients.values()))
        if (found := _enhanced(text)) and found in _ABOUT_SENDER:
            # Some servers judge the sender only when they are told the recipient.
            raise TemporaryMailFault(_reason("the sender", code, text)) from None
        _raise_by_code("the recipient", code, text)
    except smtplib.SMTPDataError as fault:
        _raise_by_code("the message", fault.smtp_code, fault.smtp_error)
    except smtplib.SMTPNotSupportedError:
        raise PermanentMailFault("the SMTP server takes no addresses with letters outside ASCII") from None
    except smtplib.SMTPResponseException as fault:
        # The server rejects the sender: an operator can correct that, so the mail waits.
        raise TemporaryMailFault(_reason("the sender", fault.smtp_code, fault.smtp_error)) from None
    except (OSError, smtplib.SMTPException) as fault:
        raise MailServerAway(f"the SMTP server went away: {type(fault).__name__}") from None


def _raise_by_code(what: str, code: int, text: bytes | str) -> None:
    fault = PermanentMailFault if 500 <= code < 600 else TemporaryMailFault
    raise fault(_reason(what, code, text)) from None


def _reason(what: str, code: int, text: bytes | str) -> str:
    """Return the reply codes only (RFC 3463): the reply's text often quotes the address, or a link of the message."""
    found = _enhanced(text)
    return f"SMTP {code}{f' {found}' if found else ''}: {what} was refused"


def _enhanced(text: bytes | str) -> str | None:
    found = _ENHANCED_CODE.search(text.encode(errors="replace") if isinstance(text, str) else text)
    return found[0].decode() if found else None
