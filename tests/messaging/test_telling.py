"""One message for each event: told once, sent until it has gone, never a second one."""

import logging
from datetime import timedelta
from email.message import EmailMessage

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select

from falconbus.app import FalconBus
from falconbus.bookings.models import BookingStatus
from falconbus.messaging.mail_kinds import CANCELLATION, CONFIRMATION, HOLD_EXPIRED, PAYMENT_RETURNED
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.integrations.mail.mailer import Mailer, PermanentMailFault, TemporaryMailFault
from falconbus.platform.integrations.mail.memory import MemoryMailer
from falconbus.platform.integrations.mail.smtp import SmtpMailer
from falconbus.platform.jobs import OutboxRow
from falconbus.platform.kit import clock
from falconbus.platform.mailing import service as mailing
from falconbus.platform.mailing.jobs import SEND_MAIL
from falconbus.platform.mailing.kinds import MailKind
from falconbus.platform.mailing.models import Mail
from tests.mail_sink import Sink, free_port
from tests.messaging.travel import EMAIL, book, send, told
from tests.workers import a_worker_lives
from tests.world import World


def _count(database: SQLAlchemy, table: type[Mail | OutboxRow]) -> int:
    found: int = database.session.scalar(select(func.count()).select_from(table)) or 0
    return found


def test_telling_writes_the_mail_and_its_job(database: SQLAlchemy, world: World) -> None:
    booking = book(world, "Thandi")
    mail, job = told(booking)
    assert (mail.status, mail.sequence, mail.recipient) == ("queued", 1, EMAIL)
    assert (job.job, job.arguments) == (SEND_MAIL.name, {"mail_id": mail.id})


@pytest.mark.parametrize("kind", [CONFIRMATION, HOLD_EXPIRED], ids=str)
def test_what_happens_once_is_told_once(database: SQLAlchemy, world: World, kind: MailKind) -> None:
    booking = book(world, "Thandi")
    told(booking, kind)
    told(booking, kind)
    assert (_count(database, Mail), _count(database, OutboxRow)) == (1, 1)


@pytest.mark.parametrize("kind", [CANCELLATION, PAYMENT_RETURNED], ids=str)
def test_what_happens_again_is_told_again(database: SQLAlchemy, world: World, kind: MailKind) -> None:
    told(book(world, "Somebody else"), kind)
    booking = book(world, "Thandi")
    assert [told(booking, kind)[0].sequence for _ in range(2)] == [1, 2]
    assert _count(database, OutboxRow) == 3


def test_what_did_not_happen_is_not_told(database: SQLAlchemy, world: World) -> None:
    booking = book(world, "Thandi")

    def tell_and_fail() -> None:
        mailing.tell(CONFIRMATION, booking.id, booking.email)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transactions.run(tell_and_fail)
    assert (_count(database, Mail), _count(database, OutboxRow)) == (0, 0)


def test_a_sent_mail_is_marked_with_its_job(database: SQLAlchemy, world: World, mailer: MemoryMailer) -> None:
    mail, job = told(book(world, "Thandi"))
    send(mail, job)
    assert (mail.status, mail.error) == ("sent", None)
    assert mail.sent_at is not None
    assert job.done_at is not None
    assert [message["To"] for message in mailer.sent] == [EMAIL]


def test_a_mail_that_has_gone_does_not_go_again(database: SQLAlchemy, world: World, mailer: MemoryMailer) -> None:
    mail, job = told(book(world, "Thandi"))
    send(mail, job)
    send(mail, job)
    assert len(mailer.sent) == 1


def test_no_transaction_is_open_while_the_server_is_talked_to(
    database: SQLAlchemy, world: World, app: FalconBus, mailer: MemoryMailer
) -> None:
    mail, job = told(book(world, "Thandi"))
    seen: list[tuple[bool, str]] = []

    class Watching:
        def send(self, _message: EmailMessage) -> None:
            with database.engine.connect() as other:
                # NOWAIT: a lock that somebody holds is an error.
                statement = select(Mail.status).where(Mail.id == mail.id).with_for_update(nowait=True)
                seen.append((database.session().in_transaction(), other.execute(statement).scalar_one()))

    app.extensions["mailer"] = Watching()
    send(mail, job)
    assert seen == [(False, "sending")]


def test_temporary_trouble_leaves_the_mail_queued(database: SQLAlchemy, world: World, mailer: MemoryMailer) -> None:
    mailer.faults = [TemporaryMailFault("SMTP 451 4.3.0: the message was refused")]
    mail, job = told(book(world, "Thandi"))
    due = job.run_after
    send(mail, job)
    assert (mail.status, mail.error) == ("queued", "SMTP 451 4.3.0: the message was refused")
    assert (job.done_at, job.failed_at) == (None, None)
    assert job.run_after >= due + timedelta(seconds=1)
    send(mail, job)
    assert (mail.status, mail.error) == ("sent", None)


@pytest.mark.parametrize("away", [timedelta(hours=1), timedelta(days=1)], ids=str)
def test_a_server_that_is_away_loses_no_mail(
    away: timedelta, database: SQLAlchemy, world: World, mailer: MemoryMailer
) -> None:
    both = [told(book(world, name)) for name in ("Thandi", "Sipho")]
    gone_until = clock.now() + away
    while any(mail.status != "sent" for mail, _ in both):
        for mail, job in both:
            with time_machine.travel(job.run_after, tick=False):
                mailer.faults = [TemporaryMailFault("nobody answers")] if clock.now() < gone_until else []
                assert transactions.run(lambda job=job: jobs.begin(job.id))  # type: ignore[misc]
                send(mail, job)
                assert (mail.status in {"queued", "sent"}, job.failed_at) == (True, None)
    assert len(mailer.sent) == 2
    assert max(mail.sent_at for mail, _ in both if mail.sent_at) - gone_until <= jobs.LONGEST_DELAY


def test_a_refused_mail_has_failed(database: SQLAlchemy, world: World, mailer: MemoryMailer) -> None:
    mailer.faults = [PermanentMailFault("SMTP 550 5.1.1: the recipient was refused")]
    mail, job = told(book(world, "Thandi"))
    send(mail, job)
    assert (mail.status, mail.error) == ("failed", "SMTP 550 5.1.1: the recipient was refused")
    assert job.failed_at is not None


class Crashing:
    """Dies when the server has taken the message, before anybody can note it."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    def send(self, message: EmailMessage) -> None:
        self._mailer.send(message)
        raise SystemExit


def test_a_crash_after_the_hand_over_sends_the_same_message_again(
    database: SQLAlchemy, world: World, app: FalconBus, mailer: MemoryMailer, smtp: Sink
) -> None:
    mail, job = told(book(world, "Thandi"))
    real = SmtpMailer(smtp.url, helo="localhost")
    app.extensions["mailer"] = Crashing(real)
    with pytest.raises(SystemExit):
        send(mail, job)
    database.session.refresh(mail)
    assert mail.status == "sending"
    app.extensions["mailer"] = real
    send(mail, job)
    first, second = smtp.messages
    assert first == second
    assert mail.status == "sent"
    send(mail, job)
    assert len(smtp.messages) == 2


def test_the_message_id_says_what_it_is_about(database: SQLAlchemy, world: World, mailer: MemoryMailer) -> None:
    booking = book(world, "Thandi", status=BookingStatus.CANCELLED)
    for _ in range(2):
        send(*told(booking, CANCELLATION))
    assert [message["Message-ID"] for message in mailer.sent] == [
        f"<cancellation.1.{booking.reference}@127.0.0.1>",
        f"<cancellation.2.{booking.reference}@127.0.0.1>",
    ]


@pytest.mark.parametrize(
    ("answers", "status", "error"),
    [
        ({"mail": ["550 5.7.1 not you"]}, "queued", "SMTP 550 5.7.1: the sender was refused"),
        ({"mail": ["553 5.1.8 bad sender"]}, "queued", "SMTP 553 5.1.8: the sender was refused"),
        ({"rcpt": ["550 5.1.8 bad sender"]}, "queued", "SMTP 550 5.1.8: the sender was refused"),
        ({"rcpt": ["450 4.2.1 <thandi@example.com> is busy"]}, "queued", "SMTP 450 4.2.1: the recipient was refused"),
        ({"rcpt": ["550 5.1.1 <thandi@example.com> unknown"]}, "failed", "SMTP 550 5.1.1: the recipient was refused"),
        ({"data": ["451 try later"]}, "queued", "SMTP 451: the message was refused"),
        ({"data": ["554 5.7.1 no, see fbm_TOKEN"]}, "failed", "SMTP 554 5.7.1: the message was refused"),
    ],
)
def test_the_servers_answer_decides(
    database: SQLAlchemy,
    world: World,
    mail_server: Sink,
    caplog: pytest.LogCaptureFixture,
    answers: dict[str, list[str]],
    status: str,
    error: str,
) -> None:
    for stage, words in answers.items():
        setattr(mail_server, stage, list(words))
    mail, job = told(book(world, "Thandi"))
    with caplog.at_level(logging.DEBUG, "falconbus"):
        send(mail, job)
    assert (mail.status, mail.error, job.last_error) == (status, error, error)
    assert EMAIL not in caplog.text
    assert "fbm_" not in caplog.text


@pytest.mark.parametrize(
    ("error", "state"),
    [
        ("SMTP 550 5.7.1: the sender was refused", "degraded"),
        ("SMTP 535 5.7.8: the sign-in was refused", "degraded"),
        ("SMTP 450 4.2.1: the recipient was refused", "healthy"),
        ("SMTP 451: the message was refused", "healthy"),
    ],
)
def test_health_shows_a_sender_that_is_refused_until_a_mail_goes(
    database: SQLAlchemy, world: World, client: FlaskClient, mailer: MemoryMailer, error: str, state: str
) -> None:
    send(*told(book(world, "Somebody Before")))
    mailer.faults = [TemporaryMailFault(error)]
    mail, job = told(book(world, "Thandi"))
    send(mail, job)
    a_worker_lives()
    health = client.get("/api/v1/health")
    assert (health.json["mail"], health.json["status"]) == (state, state)
    assert client.get("/api/v1/health/ready").status_code == 200
    send(*told(book(world, "Somebody After")))
    assert client.get("/api/v1/health").json["mail"] == "healthy"
    send(mail, job)
    assert (mail.status, len(mailer.sent)) == ("sent", 3)


def test_nobody_answers(database: SQLAlchemy, world: World, app: FalconBus, mailer: MemoryMailer) -> None:
    app.extensions["mailer"] = SmtpMailer(f"smtp://127.0.0.1:{free_port()}", helo="localhost")
    mail, job = told(book(world, "Thandi"))
    send(mail, job)
    assert (mail.status, mail.error) == ("queued", "connecting to the SMTP server: ConnectionRefusedError")
