"""A mailer to tell by."""

from tests.mailers import mailer

__all__ = ["mailer"]
