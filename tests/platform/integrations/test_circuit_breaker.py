"""A mail server that does not answer is left alone for a while."""

import time
from email.message import EmailMessage
from itertools import pairwise

import pytest

from falconbus.platform.integrations.mail.circuit_breaker import CircuitBreaker
from falconbus.platform.integrations.mail.mailer import MailFault, MailServerAway, PermanentMailFault
from falconbus.platform.integrations.mail.memory import MemoryMailer
from falconbus.platform.integrations.mail.smtp import SmtpMailer
from tests.mail_sink import free_port


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The breaker's clock: its last number is the time."""
    shown = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: shown[-1])
    return shown


def attempt(breaker: CircuitBreaker) -> str:
    """What became of a message."""
    try:
        breaker.send(EmailMessage())
    except MailFault as fault:
        return str(fault)
    return "sent"


LEFT_ALONE = "the SMTP server did not answer a moment ago, and is left alone"


def test_a_server_that_is_away_is_asked_ever_more_seldom(seconds: list[float]) -> None:
    mailer = MemoryMailer(*[MailServerAway("away") for _ in range(6)])
    breaker = CircuitBreaker(mailer)
    asked = []
    for second in range(300):
        seconds.append(float(second))
        if attempt(breaker) == "away":
            asked.append(second)
    assert [later - earlier for earlier, later in pairwise(asked)] == [5, 10, 20, 40, 60]
    assert mailer.sent, "and taken up again when it is back"


def test_after_it_is_back_it_is_asked_at_once(seconds: list[float]) -> None:
    breaker = CircuitBreaker(MemoryMailer(MailServerAway("away")))
    assert [attempt(breaker), attempt(breaker)] == ["away", LEFT_ALONE]
    seconds.append(5.0)
    assert [attempt(breaker), attempt(breaker)] == ["sent", "sent"]


def test_what_is_wrong_with_one_message_stops_no_other(seconds: list[float]) -> None:
    breaker = CircuitBreaker(MemoryMailer(PermanentMailFault("550")))
    assert [attempt(breaker), attempt(breaker)] == ["550", "sent"]


def test_a_server_that_takes_all_the_time_there_is_counts_as_away(seconds: list[float]) -> None:
    class Slow:
        def send(self, _message: EmailMessage) -> None:
            seconds.append(seconds[-1] + 50)
            raise InterruptedError("the task's time is over")

    breaker = CircuitBreaker(Slow())
    with pytest.raises(InterruptedError):
        breaker.send(EmailMessage())
    assert attempt(breaker) == LEFT_ALONE


def test_nobody_at_the_port_is_a_server_away() -> None:
    with pytest.raises(MailServerAway):
        SmtpMailer(f"smtp://127.0.0.1:{free_port()}", helo="localhost").send(EmailMessage())
