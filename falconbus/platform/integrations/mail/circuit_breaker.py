"""A mailer that leaves a server which does not answer alone for a while: it would take everybody's time."""

import time
from email.message import EmailMessage

from falconbus.platform.integrations.mail.mailer import Mailer, MailServerAway

#: A message that took longer than this and failed had no server that answers, whatever ended it.
_TOO_LONG_SECONDS = 20.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 5.0, 60.0


class CircuitBreaker:
    """Asks the mailer behind it; after it was away, not for 5, 10, 20 ... 60 seconds, in this process."""

    def __init__(self, behind: Mailer) -> None:
        self._behind = behind
        self._pause = 0.0
        self._silent_until = 0.0

    def send(self, message: EmailMessage) -> None:
        """Send, or fail at once while the server is left alone; MailFault."""
        begun = time.monotonic()
        if begun < self._silent_until:
            raise MailServerAway("the SMTP server did not answer a moment ago, and is left alone")
        try:
            self._behind.send(message)
        except Exception as fault:
            ended = time.monotonic()
            if isinstance(fault, MailServerAway) or ended - begun > _TOO_LONG_SECONDS:
                self._pause = min(max(2 * self._pause, _FIRST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
                self._silent_until = ended + self._pause
            raise
        self._pause = 0.0
