"""Addresses of one's own notifications; those of others do not exist."""

from flask import Blueprint

from falconbus.platform.database.pagination import keyset
from falconbus.platform.kit.schema import pick_fields
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation
from falconbus.scheduling.inbox import queries, reading
from falconbus.scheduling.inbox.errors import NotificationNotFound
from falconbus.scheduling.inbox.schemas import (
    NotificationLineOut,
    NotificationOut,
    NotificationPage,
    NotificationsQuery,
    PreferencesIn,
    PreferencesOut,
    ReadIn,
    ReadOut,
    UnreadOut,
)
from falconbus.scheduling.notifications import preferences
from falconbus.scheduling.notifications.models import Notification, UnreadNotification
from falconbus.scheduling.offer_links import links
from falconbus.scheduling.permissions import OWN_DUTIES

bp = Blueprint("notifications", __name__, url_prefix="/api/v1/scheduling/notifications")


@operation(bp.get(""), who=OWN_DUTIES, asks=NotificationsQuery, gives={200: NotificationPage}, budget=2)
def list_notifications(query: NotificationsQuery) -> NotificationPage:
    """One's own notifications, newest first, without their long text."""
    if query.unread:
        rows, following, previous = keyset(queries.unread_of_staff(_me()), UnreadNotification.notification_id, query)
    else:
        rows, following, previous = keyset(queries.of_staff(_me()), Notification.id, query)
    lines = pick_fields([NotificationLineOut.of(row) for row in rows], NotificationLineOut, query.fields)
    totals = queries.totals(_me())
    return NotificationPage(lines, following, previous, unread=totals.unread, total=totals.total)


@operation(bp.get("/count"), who=OWN_DUTIES, gives={200: UnreadOut}, counted=False, budget=1)
def count_unread() -> UnreadOut:
    """How many wait to be read, for who cannot listen to the event stream; with an ETag, so poll with it."""
    return UnreadOut(queries.unread(_me()))


@operation(
    bp.get("/<id:notification_id>"),
    who=OWN_DUTIES,
    gives={200: NotificationOut},
    refuses=(NotificationNotFound,),
    budget=1,
)
def get_notification(notification_id: int) -> NotificationOut:
    """One notification with all of its text; to look at it does not mark it as read."""
    row = queries.get_notification(notification_id, _me())
    return NotificationOut.of(row, message=row.message, answer_url=links.find_answer_url(row.Assignment, _me()))


@operation(
    bp.post("/<id:notification_id>/read"), who=OWN_DUTIES, gives={204: None}, refuses=(NotificationNotFound,), budget=2
)
def mark_read(notification_id: int) -> None:
    """Mark one as read."""
    reading.mark_read(notification_id, _me())


@operation(
    bp.delete("/<id:notification_id>/read"),
    who=OWN_DUTIES,
    gives={204: None},
    refuses=(NotificationNotFound,),
    budget=2,
)
def mark_unread(notification_id: int) -> None:
    """Mark one as not read."""
    reading.mark_unread(notification_id, _me())


@operation(bp.post("/read"), who=OWN_DUTIES, takes=ReadIn, gives={200: ReadOut}, budget=2)
def mark_all_read(body: ReadIn) -> ReadOut:
    """Mark all as read; with `up_to` those that the caller has seen, so that what came meanwhile stays unread."""
    return ReadOut(reading.mark_all_read(_me(), body.up_to))


@operation(bp.get("/preferences"), who=OWN_DUTIES, gives={200: PreferencesOut}, budget=1)
def show_preferences() -> PreferencesOut:
    """Whether notifications come by mail, too."""
    return PreferencesOut(preferences.wants_mail(_me()))


@operation(bp.put("/preferences"), who=OWN_DUTIES, takes=PreferencesIn, gives={200: PreferencesOut}, budget=1)
def change_preferences(body: PreferencesIn) -> PreferencesOut:
    """Say whether notifications come by mail, too."""
    preferences.set_wants_mail(_me(), wants_mail=body.wants_mail)
    return PreferencesOut(body.wants_mail)


def _me() -> int:
    return caller().user_id or 0
