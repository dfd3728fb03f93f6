"""Notifications for tests, told as the app tells them."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from falconbus.accounts.models import User
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.scheduling.notifications import counters
from falconbus.scheduling.notifications.models import Notification, NotificationKind
from falconbus.scheduling.notifications.service import Message, notify

ADDRESS = "/api/v1/scheduling/notifications"


def tell(
    *people: User,
    title: str = "Charter ABCD2345 has changed",
    kind: NotificationKind = NotificationKind.CHANGED,
    **about: Any,
) -> int:
    """Tell these people something; the key of the last one's notification."""
    message = Message(kind=kind, title=title, message="It begins at 11:00.\nAll else is as it was.", **about)
    staff_ids: Collection[int] = [person.id for person in people]
    transactions.run(lambda: notify(staff_ids, message))
    newest = db.session.scalar(select(Notification.id).order_by(Notification.id.desc()).limit(1))
    db.session.commit()
    return newest or 0


def kept(person: User) -> int | None:
    """The number that Redis has of somebody's unread."""
    return counters.read(cache_redis(), [person.id])[person.id]
