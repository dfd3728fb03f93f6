"""Mails to the staff: once each, and only while they hold."""

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from falconbus.accounts.models import Role, User
from falconbus.app import FalconBus
from falconbus.messaging import service
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.integrations.mail.mailer import TemporaryMailFault
from falconbus.platform.integrations.mail.memory import MemoryMailer
from falconbus.platform.integrations.mail.smtp import SmtpMailer
from falconbus.platform.jobs import Job
from falconbus.platform.kit import clock
from falconbus.platform.mailing.jobs import SEND_MAIL
from falconbus.platform.mailing.models import Mail
from falconbus.scheduling.appointments.models import Action, AppointmentStatus
from falconbus.scheduling.inbox import reading
from falconbus.scheduling.jobs import MAIL_NOTIFICATION, TELL_CLIENT
from falconbus.scheduling.notifications import preferences
from falconbus.scheduling.notifications.models import NotificationKind
from tests.mail_sink import Sink
from tests.messaging.staff import due, html, plain, record, sipho, tell, work, write_mails
from tests.messaging.test_telling import Crashing
from tests.scheduling.charters import add_assignment, add_charter, add_service
from tests.scheduling.people import add_person

__all__ = ["sipho"]


def test_a_notification_goes_out_by_mail(database: SQLAlchemy, sipho: User, mailer: MemoryMailer) -> None:
    tell(sipho)
    work(database)
    (mail,) = mailer.sent
    assert (mail["To"], mail["Subject"]) == ("sipho@falconbus.example", "It has changed")
    assert mail["Message-ID"] == "<notification.1@127.0.0.1>"
    assert "It begins at 11:00.\n<b>Bring & take</b>\n" in plain(mail)
    assert "&lt;b&gt;Bring &amp; take&lt;/b&gt;" in html(mail)
    assert "Answer" not in plain(mail)
    assert "/api/" not in plain(mail) + html(mail)
    assert not any(due(database, job) for job in (MAIL_NOTIFICATION, SEND_MAIL))


def test_an_open_offer_has_a_link_and_an_answered_one_has_none(
    database: SQLAlchemy, sipho: User, mailer: MemoryMailer
) -> None:
    offer = add_assignment(add_charter(status=AppointmentStatus.ASSIGNED), sipho)
    tell(sipho, NotificationKind.OFFERED, "Can you take it?", offer.id)
    work(database)
    offer.withdraw(at=clock.now())
    database.session.commit()
    tell(sipho, NotificationKind.OFFERED, "Can you take it?", offer.id)
    work(database)
    open_one, answered = mailer.sent
    assert "Answer (the link is yours alone" in plain(open_one)
    assert ">Answer</a>" in html(open_one)
    assert "http" not in plain(answered).split("\n--")[0]


def test_who_wants_no_mails_says_so_on_the_page_that_they_lead_to(
    database: SQLAlchemy, client: FlaskClient, sipho: User, mailer: MemoryMailer
) -> None:
    tell(sipho)
    tell(add_person("naledi", Role.DRIVER))
    work(database)
    address = plain(mailer.sent[0]).split()[-1].removeprefix("http://127.0.0.1:8000")
    assert "Switch the mails off" in client.get(address).text
    assert client.get(f"{address}/off").status_code == 303
    assert preferences.wants_mail(sipho.id)
    done = client.post(f"{address}/off", follow_redirects=True).text
    assert all(words in done for words in ("do not come by mail any more", "Switch the mails on"))
    tell(sipho)
    work(database)
    assert len(mailer.sent) == 2
    client.post(f"{address}/on")
    assert preferences.wants_mail(sipho.id)
    for forged in (address.replace(f"/{sipho.id}.", "/999."), address[:-1], "/staff-mails/1"):
        assert client.post(f"{forged}/off").status_code == 404


@pytest.mark.parametrize("why", ["read", "wants none", "closed"])
def test_who_needs_no_mail_any_more_gets_none(
    database: SQLAlchemy, sipho: User, mailer: MemoryMailer, why: str
) -> None:
    tell(sipho)
    tell(add_person("naledi", Role.DRIVER))
    if why == "read":
        transactions.run(lambda: reading.mark_all_read(sipho.id, None))
    elif why == "wants none":
        transactions.run(lambda: preferences.set_wants_mail(sipho.id, wants_mail=False))
    else:
        sipho.active = False
        database.session.commit()
    work(database)
    assert [mail["To"] for mail in mailer.sent] == ["naledi@falconbus.example"]
    assert due(database, MAIL_NOTIFICATION) == []


def test_a_job_that_is_handed_over_twice_makes_one_mail(
    database: SQLAlchemy, sipho: User, mailer: MemoryMailer
) -> None:
    tell(sipho)
    (row,) = due(database, MAIL_NOTIFICATION)
    for _ in range(2):
        transactions.run(lambda: service.mail_notification(row.arguments["notification_id"], row.id))
    work(database)
    assert len(mailer.sent) == 1
    assert database.session.scalar(text("SELECT count(*) FROM mails")) == 1


@pytest.mark.parametrize("job", [MAIL_NOTIFICATION, TELL_CLIENT])
def test_a_crash_before_the_commit_leaves_the_job_and_no_mail(
    database: SQLAlchemy, sipho: User, mailer: MemoryMailer, job: Job
) -> None:
    tell(sipho)
    record(add_charter(add_service()), Action.REQUESTED)
    (row,) = due(database, job)

    def crash() -> None:
        if job == MAIL_NOTIFICATION:
            service.mail_notification(row.arguments["notification_id"], row.id)
        else:
            service.tell_client(row.arguments["change_id"], row.id)
        raise SystemExit

    with pytest.raises(SystemExit):
        transactions.run(crash)
    assert (len(due(database, job)), database.session.scalar(text("SELECT count(*) FROM mails"))) == (1, 0)
    work(database)
    assert len(mailer.sent) == 2


def test_a_crash_after_the_hand_over_sends_the_same_message_again(
    database: SQLAlchemy, sipho: User, app: FalconBus, mailer: MemoryMailer, smtp: Sink
) -> None:
    offer = add_assignment(add_charter(status=AppointmentStatus.ASSIGNED), sipho)
    tell(sipho, NotificationKind.OFFERED, "Can you take it?", offer.id)
    real = SmtpMailer(smtp.url, helo="localhost")
    app.extensions["mailer"] = Crashing(real)
    with pytest.raises(SystemExit):
        work(database)
    app.extensions["mailer"] = real
    work(database)
    first, second = smtp.messages
    assert first == second
    assert due(database, SEND_MAIL) == []


def test_a_server_that_is_busy_is_tried_again(database: SQLAlchemy, sipho: User, mailer: MemoryMailer) -> None:
    mailer.faults = [TemporaryMailFault("SMTP 451: the message was refused")]
    tell(sipho)
    work(database)
    mail = database.session.scalars(select(Mail)).one()
    assert (mail.status, mail.error) == ("queued", "SMTP 451: the message was refused")
    work(database)
    assert len(mailer.sent) == 1


def test_the_jobs_have_their_tasks_queues() -> None:
    assert TELL_CLIENT.queue == jobs.Queue.DEFAULT
    assert MAIL_NOTIFICATION.queue == jobs.Queue.DEFAULT


@pytest.mark.parametrize("kind", ["notifications", "appointments"])
def test_a_mail_whose_subject_is_gone_is_given_up(
    database: SQLAlchemy, sipho: User, mailer: MemoryMailer, kind: str
) -> None:
    if kind == "notifications":
        tell(sipho)
    else:
        record(add_charter(add_service()), Action.REQUESTED)
    write_mails(database)
    database.session.execute(text(f"TRUNCATE {kind} CASCADE"))
    database.session.commit()
    work(database)
    mail = database.session.scalars(select(Mail)).one()
    assert (mail.status, mail.error) == ("dropped", "what it tells of no longer holds")
    assert (mailer.sent, due(database, SEND_MAIL)) == ([], [])
