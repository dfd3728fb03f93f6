"""What makes mails to the staff and to clients of charters, and a worker who writes them."""

from email.message import EmailMessage

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from falconbus.accounts.models import Role, User
from falconbus.messaging import service
from falconbus.platform.database import transactions
from falconbus.platform.jobs import Job, OutboxRow
from falconbus.platform.mailing import service as mailing
from falconbus.platform.mailing.jobs import SEND_MAIL
from falconbus.scheduling.appointments import history
from falconbus.scheduling.appointments.models import Action, Appointment
from falconbus.scheduling.jobs import MAIL_NOTIFICATION, TELL_CLIENT
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.notifications.service import Message, notify
from tests.scheduling.people import add_person


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
