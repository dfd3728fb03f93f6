"""The interface of mailers, and their errors."""

from email.message import EmailMessage
from typing import Protocol


class MailFault(Exception):
    """A mail was not accepted. The text gives the reason without the server's words, which often quote the address."""


class TemporaryMailFault(MailFault):
    """Nobody answered, or the server was busy, full or not set up; to be tried again later."""


class MailServerAway(TemporaryMailFault):
    """Nobody answered, or not to the end: whatever the message is, the next one has no better chance."""


class PermanentMailFault(MailFault):
    """The server will never take this message for this recipient."""


class Mailer(Protocol):
    """Sends messages; sending the same one again is harmless, because its Message-ID is the same."""

    def send(self, message: EmailMessage) -> None:
        """Return once somebody else is responsible for the message; MailFault."""
