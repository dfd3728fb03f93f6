"""The choice of the mailer by the settings."""

from email.utils import parseaddr

from flask import current_app

from config import Settings
from falconbus.platform.integrations.mail.circuit_breaker import CircuitBreaker
from falconbus.platform.integrations.mail.folder import MailFolder
from falconbus.platform.integrations.mail.mailer import Mailer
from falconbus.platform.integrations.mail.smtp import SmtpMailer

_EXTENSION = "mailer"


def from_settings(settings: Settings) -> Mailer:
    """Return the SMTP mailer when there is a server, else one that writes files in the data folder."""
    if settings.smtp_url:
        helo = parseaddr(settings.mail_from)[1].partition("@")[2]
        return CircuitBreaker(SmtpMailer(settings.smtp_url, helo=helo))
    return MailFolder(settings.mail_folder)


def mailer() -> Mailer:
    """Return the running app's mailer; a test puts its own into `app.extensions["mailer"]`."""
    chosen: Mailer = current_app.extensions.setdefault(_EXTENSION, from_settings(current_app.config["SETTINGS"]))
    return chosen
