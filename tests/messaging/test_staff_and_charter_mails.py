"""Mails to the staff and to the clients of charters: once each, only while they hold, right for the state they find."""

from email.message import EmailMessage

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
from falconbus.platform.jobs import Job, OutboxRow
from falconbus.platform.kit import clock
from falconbus.platform.mailing import service as mailing
from falconbus.platform.mailing.jobs import SEND_MAIL
from falconbus.platform.mailing.models import Mail
from falconbus.scheduling.appointments import history
from falconbus.scheduling.appointments.models import Action, Appointment, AppointmentStatus
from falconbus.scheduling.assignments.models import AssignmentStatus
from falconbus.scheduling.inbox import reading
from falconbus.scheduling.jobs import MAIL_NOTIFICATION, TELL_CLIENT
from falconbus.scheduling.notifications import preferences
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.notifications.service import Message, notify
from tests.mail_sink import Sink
from tests.messaging.test_telling import Crashing
from tests.scheduling.charters import add_assignment, add_charter, add_service
from tests.scheduling.people import add_person
from tests.world import World


@pytest.fixture
def sipho(database: SQLAlchemy) -> User:
    return add_person("sipho", Role.DRIVER)


def tell(
    person: User,
    kind: NotificationKind = NotificationKind.CHANGED,
    title: str = "It has changed",
    assignment_id: int | None = None,
) -> None:
    message = Message(
        kind=kind, title=title, message="It begins at 11:00.\n<b>Bring & take</b>", assignment_id=assignment_id
    )
    transactions.run(lambda: notify([person.id], message))


def record(charter: Appointment, action: Action, *, by: User | None = None, **changes: str) -> None:
    """A change of a charter as its use cases note it; by nobody in particular, or by somebody of the staff."""

    def change() -> None:
        for name, value in changes.items():
            setattr(charter, name, value)
        history.record(charter, action, by_id=by.id if by else None)

    transactions.run(change)


def due(database: SQLAlchemy, job: Job) -> list[OutboxRow]:
    """The rows of a job that wait to be done."""
    waiting = select(OutboxRow).where(OutboxRow.job == job.name, OutboxRow.done_at.is_(None)).order_by(OutboxRow.id)
    found = list(database.session.scalars(waiting.execution_options(populate_existing=True)))
    database.session.commit()
    return found


def write_mails(database: SQLAlchemy) -> None:
    """What the workers do with what is to be told by mail."""
    for row in due(database, MAIL_NOTIFICATION):
        key, outbox_id = row.arguments["notification_id"], row.id
        transactions.run(lambda: service.mail_notification(key, outbox_id))  # noqa: B023
    for row in due(database, TELL_CLIENT):
        arguments = {**row.arguments, "outbox_id": row.id}
        transactions.run(lambda: service.tell_client(**arguments))  # noqa: B023


def work(database: SQLAlchemy) -> None:
    """What the workers do with all that is due."""
    write_mails(database)
    for row in due(database, SEND_MAIL):
        mailing.send(row.arguments["mail_id"], row.id)


def plain(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def html(message: EmailMessage) -> str:
    body = message.get_body(("html",))
    assert body is not None
    return str(body.get_content())


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


def test_a_client_is_told_of_the_request(database: SQLAlchemy, mailer: MemoryMailer, world: World) -> None:
    charter = add_charter(
        add_service(), add_service("Wi-Fi", minutes=0, price=15_050), client_name="Lerato <Club>", passengers=1,
        pick_up_text=None, pick_up_stop_id=world.stops["A"].id,
    )  # fmt: skip
    record(charter, Action.REQUESTED)
    work(database)
    (mail,) = mailer.sent
    assert mail["To"] == "lerato@example.com"
    assert mail["Subject"].startswith("We have your request: ")
    assert mail["Subject"].endswith(f" 10:00 ({charter.reference})")
    assert mail["Message-ID"] == f"<charter.1.{charter.reference}@127.0.0.1>"
    assert mail["Reply-To"] is None
    words = plain(mail)
    for part in (
        charter.reference, "City A, Station A", "The place in your request", "10:00", "14:00", "Johannesburg time",
        "1 passenger\n",
        "Coach and driver: R2", "Wi-Fi: R150", "Total: R2", "write again when your charter is confirmed",
    ):  # fmt: skip
        assert part in words.replace("\u00a0", "")
    for theirs in ("Lerato", "Soweto"):
        assert theirs not in mail.as_string()


def test_words_of_a_client_are_told_once_somebody_of_the_staff_has_looked(
    database: SQLAlchemy, mailer: MemoryMailer
) -> None:
    owner, other = add_person("lerato", Role.DRIVER), add_person("boss", Role.OPERATOR)
    charter = add_charter(add_service(), client=owner, client_name="Lerato <Club>", cancellation_reason="Buy it here")
    record(add_charter(), Action.CHANGED, by=other)
    for action, by in ((Action.REQUESTED, owner), (Action.CHANGED, other), (Action.CANCELLED, owner)):
        record(charter, action, by=by, status="cancelled" if action == Action.CANCELLED else "pending")
        work(database)
    said = [plain(mail) for mail in mailer.sent if mail["To"] == owner.email]
    assert ["Soweto" in words for words in said] == [False, True, True]
    assert ["Lerato <Club>" in words for words in said] == [False, True, True]
    assert not any("Buy it here" in words for words in said)


def test_a_confirmed_charter_is_told_with_its_driver_and_bus(
    database: SQLAlchemy, mailer: MemoryMailer, world: World, sipho: User
) -> None:
    sipho.name = "Sipho Nkosi"
    boss = add_person("boss", Role.OPERATOR)
    charter = add_charter(status=AppointmentStatus.ACCEPTED, bus=world.bus, operator_id=boss.id)
    add_assignment(charter, sipho, status=AssignmentStatus.ACCEPTED)
    add_assignment(add_charter(), add_person("naledi", Role.DRIVER), status=AssignmentStatus.OFFERED)
    record(charter, Action.ACCEPTED, by=sipho)
    work(database)
    (mail,) = mailer.sent
    assert mail["Subject"].startswith("Your charter is confirmed: ")
    assert mail["Reply-To"] == "boss@falconbus.example"
    assert "Your driver is Sipho, with bus FB-1." in plain(mail)
    assert "Nkosi" not in mail.as_string()
    assert "the answer goes to those who arrange" in plain(mail)
    assert "Soweto" in plain(mail)
    assert "for Lerato Club" in plain(mail)


@pytest.mark.parametrize(
    ("action", "status", "title", "words"),
    [
        (Action.REQUESTED, AppointmentStatus.ASSIGNED, "We have your request", "We arrange a bus and a crew for you"),
        (Action.REQUESTED, AppointmentStatus.ACCEPTED, "Your charter is confirmed", "the bus is chosen"),
        (Action.CHANGED, AppointmentStatus.REJECTED, "Your charter has changed", "We arrange a bus and a crew for it"),
        (Action.CHANGED, AppointmentStatus.ACCEPTED, "Your charter has changed", "It is confirmed as it stands below"),
        (Action.CANCELLED, AppointmentStatus.CANCELLED, "Your charter is cancelled", "Reason: The road is closed"),
    ],
)
def test_the_words_are_right_for_the_state_when_the_mail_goes(
    database: SQLAlchemy, mailer: MemoryMailer, action: Action, status: AppointmentStatus, title: str, words: str
) -> None:
    charter = add_charter(add_service())
    record(charter, action, by=add_person("boss", Role.OPERATOR))
    charter.status = status
    charter.rejection_reason, charter.cancellation_reason = "I am ill", "The road is closed"
    database.session.commit()
    work(database)
    (mail,) = mailer.sent
    assert mail["Subject"].startswith(f"{title}: ")
    assert words in plain(mail)
    assert "I am ill" not in mail.as_string()


@pytest.mark.parametrize(
    ("action", "status"),
    [
        (Action.REQUESTED, AppointmentStatus.CANCELLED),
        (Action.CHANGED, AppointmentStatus.CANCELLED),
        (Action.ACCEPTED, AppointmentStatus.REJECTED),
        (Action.ACCEPTED, AppointmentStatus.CANCELLED),
    ],
)
def test_what_no_longer_holds_is_not_told(
    database: SQLAlchemy, mailer: MemoryMailer, action: Action, status: AppointmentStatus
) -> None:
    charter = add_charter(add_service(), status=AppointmentStatus.ACCEPTED)
    record(charter, action)
    charter.status, charter.rejection_reason = status, "I am ill"
    database.session.commit()
    work(database)
    assert (mailer.sent, due(database, TELL_CLIENT)) == ([], [])


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
