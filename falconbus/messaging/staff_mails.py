"""Mails to members of the staff: a notification of theirs, with a link to answer while it asks for an answer."""

from dataclasses import dataclass

from sqlalchemy import text

from falconbus.messaging import mail_templates, wording
from falconbus.platform.database.engine import db
from falconbus.platform.design.brand import Brand, get_brand
from falconbus.platform.mailing.mime import MailContent
from falconbus.scheduling.assignments.models import Assignment
from falconbus.scheduling.inbox import mail_switch
from falconbus.scheduling.offer_links import links

_NOTICE = text("SELECT staff_id, title, message, assignment_id FROM notifications WHERE id = :notification_id")


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A notification as its mail tells it."""

    id: int
    brand: Brand
    #: Where the reader switches these mails off.
    switch_url: str
    title: str
    lines: tuple[str, ...]
    #: A secret of the reader's, while there is something to answer.
    answer_url: str | None


def render(notice: Notice) -> MailContent:
    """Write what a notification tells."""
    return MailContent(
        subject=notice.title,
        texts=mail_templates.render("notification", notice.brand, {"document": notice, "title": notice.title}),
        message_id=f"notification.{notice.id}",
    )


def read(notification_id: int, _sequence: int) -> Notice | None:
    """Return what a notification tells; None when it was trimmed."""
    row = db.session.execute(_NOTICE, {"notification_id": notification_id}).one_or_none()
    if row is None:
        return None
    assignment = db.session.get(Assignment, row.assignment_id) if row.assignment_id else None
    return Notice(
        id=notification_id,
        brand=get_brand(),
        switch_url=mail_switch.switch_url(row.staff_id),
        title=wording.one_line(row.title),
        lines=tuple(line.strip() for line in row.message.splitlines() if line.strip()),
        answer_url=links.find_answer_url(assignment, row.staff_id),
    )
