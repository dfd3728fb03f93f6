"""Mailers to tell by."""

from tests.mail_sink import smtp
from tests.mailers import mail_server, mailer

__all__ = ["mail_server", "mailer", "smtp"]
