"""A mailer that keeps messages in memory, for tests."""

from email.message import EmailMessage

from falconbus.platform.integrations.mail.mailer import MailFault


class MemoryMailer:
    """Keeps what is sent; raises the `faults` first, one at each call."""

    def __init__(self, *faults: MailFault) -> None:
        self.sent: list[EmailMessage] = []
        self.faults = list(faults)

    def send(self, message: EmailMessage) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append(message)
