"""What mailers have in common."""

from email.message import EmailMessage
from typing import Protocol


class MailFault(Exception):
    """A mail was not taken. The text says why without the words of the server: those often quote the address."""


class TemporaryMailFault(MailFault):
    """Try again later: nobody answered, or the server was busy, full or not set up."""


class PermanentMailFault(MailFault):
    """The server will never take this message for this recipient."""


class Mailer(Protocol):
    """Hands messages over; to hand the same one over again is harmless, its Message-ID says that it is the same."""

    def send(self, message: EmailMessage) -> None:
        """Return once somebody else is responsible for the message; MailFault."""
