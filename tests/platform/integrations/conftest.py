"""The SMTP server that integrations are tried with."""

from tests.mail_sink import smtp

__all__ = ["smtp"]
