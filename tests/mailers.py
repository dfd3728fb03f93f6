"""A mailer that remembers, and one that hands over to an SMTP server."""

from collections.abc import Iterator

import pytest

from falconbus.app import FalconBus
from falconbus.platform.integrations.mail.memory import MemoryMailer
from falconbus.platform.integrations.mail.smtp import SmtpMailer
from tests.mail_sink import Sink, smtp

__all__ = ["smtp"]


@pytest.fixture
def mailer(app: FalconBus) -> Iterator[MemoryMailer]:
    """The app's mailer, in memory."""
    mailer = MemoryMailer()
    app.extensions["mailer"] = mailer
    yield mailer
    del app.extensions["mailer"]


@pytest.fixture
def mail_server(app: FalconBus, smtp: Sink) -> Iterator[Sink]:
    """The SMTP server that the app's mailer talks to."""
    app.extensions["mailer"] = SmtpMailer(smtp.url, helo="localhost")
    yield smtp
    del app.extensions["mailer"]
