"""How little a new kind of mail needs: two templates, what to read and how to tell it, a name, a line in a list."""

from threading import Barrier, Thread

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from falconbus.accounts.models import Role, User
from falconbus.app import FalconBus
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.design.brand import Brand
from falconbus.platform.integrations.mail.memory import MemoryMailer
from falconbus.platform.jobs import OutboxRow
from falconbus.platform.mailing import kinds, service
from falconbus.platform.mailing.kinds import MailKind
from falconbus.platform.mailing.mail_templates import MailTemplates
from falconbus.platform.mailing.mime import MailContent
from falconbus.platform.mailing.models import Mail
from tests.mail_sink import Sink
from tests.scheduling.people import add_person

# What a feature would write: accounts, say, for somebody new.
TEMPLATES = MailTemplates("tests.platform.mailing")


def read_welcome(user_id: int, sequence: int) -> dict[str, object] | None:
    user = db.session.get(User, user_id)
    return None if user is None else {"title": "Welcome", "name": user.name, "sequence": sequence}


def render_welcome(values: dict[str, object]) -> MailContent:
    return MailContent(subject="Welcome", texts=TEMPLATES.render("welcome", Brand(), values))


WELCOME = MailKind("tests.welcome", read_welcome, render_welcome)
REMINDER = MailKind("tests.reminder", read_welcome, render_welcome, once=False)


@pytest.fixture
def sipho(database: SQLAlchemy) -> User:
    kinds.register([WELCOME, REMINDER])
    add_person("naledi", Role.DRIVER)
    return add_person("sipho", Role.DRIVER)


def work() -> None:
    """What the worker does with every job, done or not."""
    jobs = db.session.scalars(select(OutboxRow).order_by(OutboxRow.id)).all()
    db.session.commit()
    for job in jobs:
        service.send(job.arguments["mail_id"], job.id)


def mails() -> list[tuple[str, int, int, str]]:
    found = db.session.scalars(select(Mail).order_by(Mail.id).execution_options(populate_existing=True))
    return [(mail.kind, mail.subject_id, mail.sequence, mail.status) for mail in found]


def tell(kind: MailKind, user: User) -> None:
    transactions.run(lambda: service.tell(kind, user.id, user.email))


def test_a_new_kind_is_told_and_sent_once(sipho: User, mail_server: Sink) -> None:
    tell(WELCOME, sipho)
    tell(WELCOME, sipho)
    work()
    work()
    assert mails() == [("tests.welcome", sipho.id, 1, "sent")]
    (message,) = mail_server.messages
    assert f"Message-ID: <tests.welcome.{sipho.id}.1@127.0.0.1>".encode() in message
    assert b"Subject: Welcome\r\n" in message
    assert message.count(f"Welcome, {sipho.name}, for the 1. time.".encode()) == 2
    assert b"<h1" in message


def test_two_who_tell_at_the_same_moment_tell_once(app: FalconBus, sipho: User) -> None:
    both_began = Barrier(2, timeout=10)

    def tell_beside() -> None:
        def work() -> None:
            db.session.execute(text("SELECT 1"))
            both_began.wait()
            service.tell(WELCOME, sipho.id, sipho.email)

        with app.app_context():
            transactions.run(work)
            db.session.remove()

    threads = [Thread(target=tell_beside) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mails() == [("tests.welcome", sipho.id, 1, "queued")]
    assert len(db.session.scalars(select(OutboxRow)).all()) == 1


def test_what_is_told_more_than_once_is_numbered_by_subject_and_kind(sipho: User, mailer: MemoryMailer) -> None:
    tell(WELCOME, sipho)
    tell(REMINDER, db.session.scalars(select(User).where(User.id != sipho.id)).one())
    tell(REMINDER, sipho)
    tell(REMINDER, sipho)
    work()
    assert [mail[2] for mail in mails()] == [1, 1, 1, 2]
    ids = [message["Message-ID"] for message in mailer.sent]
    assert ids[2:] == [f"<tests.reminder.{sipho.id}.{number}@127.0.0.1>" for number in (1, 2)]
    assert len(set(ids)) == 4


def test_a_mail_whose_subject_is_gone_is_never_sent(sipho: User, mailer: MemoryMailer) -> None:
    tell(WELCOME, sipho)
    db.session.delete(db.session.get_one(User, sipho.id))
    db.session.commit()
    work()
    assert (mails(), mailer.sent) == ([("tests.welcome", sipho.id, 1, "dropped")], [])
    assert db.session.scalars(select(OutboxRow)).one().done_at is not None


def test_a_forgotten_mail_is_never_sent(sipho: User, mailer: MemoryMailer) -> None:
    tell(WELCOME, sipho)
    tell(REMINDER, sipho)
    transactions.run(lambda: service.forget("tests.welcome", [sipho.id]))
    work()
    assert mails() == [("tests.reminder", sipho.id, 1, "sent")]
    assert len(mailer.sent) == 1
    assert all(job.done_at for job in db.session.scalars(select(OutboxRow)))


def test_a_kind_that_nobody_registered_waits_for_who_knows_it(sipho: User, mailer: MemoryMailer) -> None:
    tell(MailKind("tests.unknown", read_welcome, render_welcome), sipho)
    with pytest.raises(KeyError):
        work()
    assert (mails(), mailer.sent) == ([("tests.unknown", sipho.id, 1, "queued")], [])


def test_two_kinds_of_a_name_are_refused() -> None:
    kinds.register([WELCOME])
    with pytest.raises(ValueError, match=r"two kinds of mails tests\.welcome"):
        kinds.register([MailKind("tests.welcome", read_welcome, render_welcome, once=False)])
