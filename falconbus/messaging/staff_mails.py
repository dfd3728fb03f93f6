"""Mails to members of the staff: a notification of theirs, with a link to answer while it asks for an answer."""

from dataclasses import dataclass
from email.message import EmailMessage

from sqlalchemy import text

from config import Settings
from falconbus.messaging import mail_templates, wording
from falconbus.messaging.jobs import SEND_MAIL
from falconbus.messaging.models import Mail
from falconbus.platform import jobs
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.mailing import mime
from falconbus.scheduling.assignments.models import Assignment
from falconbus.scheduling.offer_links import links

# Nobody wants a mail about what they have read, and nobody gets one whose account is closed.
_INSERT = text("""
    INSERT INTO mails (notification_id, event, sequence, recipient, status, created_at)
    SELECT n.id, 'notification', 1, u.email, 'queued', :now
    FROM notifications n
    JOIN unread_notifications unread ON unread.notification_id = n.id
    JOIN users u ON u.id = n.staff_id AND u.active
    LEFT JOIN staff_profiles profile ON profile.staff_id = u.id
    WHERE n.id = :notification_id AND coalesce(profile.wants_mail, true)
    ON CONFLICT (notification_id) WHERE notification_id IS NOT NULL DO NOTHING
    RETURNING id
""")
_NOTICE = text("SELECT staff_id, title, message, assignment_id FROM notifications WHERE id = :notification_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A notification as its mail tells it."""

    operator: str
    public_url: str
    title: str
    lines: tuple[str, ...]
    #: A secret of the reader's, while there is something to answer.
    answer_url: str | None


def mail_notification(notification_id: int, outbox_id: int) -> None:
    """Have a notification go out by mail, once, if its reader still wants and needs that."""
    values = {"notification_id": notification_id, "now": clock.now()}
    mail_id = db.session.execute(_INSERT, values).scalar()
    if mail_id is not None:
        jobs.enqueue(SEND_MAIL, mail_id=mail_id)
    jobs.done(outbox_id)


def compose_notification(mail: Mail, notification_id: int) -> EmailMessage:
    """The message that tells of a notification."""
    settings = get_settings()
    notice = _notice(notification_id, settings)
    return mime.seal(
        mime.make(
            sender=settings.mail_from,
            recipient=mail.recipient,
            sent_at=mail.created_at,
            subject=notice.title,
            message_id=f"notification.{notification_id}",
            public_url=settings.public_url,
            texts=mail_templates.render("notification", {"document": notice, "title": notice.title}),
        )
    )


def _notice(notification_id: int, settings: Settings) -> Notice:
    row = db.session.execute(_NOTICE, {"notification_id": notification_id}).one()
    assignment = db.session.get(Assignment, row.assignment_id) if row.assignment_id else None
    return Notice(
        operator=wording.operator_name(settings),
        public_url=settings.public_url,
        title=wording.one_line(row.title),
        lines=tuple(line.strip() for line in row.message.splitlines() if line.strip()),
        answer_url=links.find_answer_url(assignment, row.staff_id),
    )
