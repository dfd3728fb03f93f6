"""Addresses of one's own notifications; those of others do not exist."""

from flask import Blueprint

from falconbus.platform.database.pagination import keyset
from falconbus.platform.kit.schema import pick_fields
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web.identity import caller, requires
from falconbus.platform.web.limits import uncounted
from falconbus.platform.web.operations import accepts, accepts_query, returns
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


@bp.get("")
@requires(OWN_DUTIES)
@query_budget(2)
@accepts_query(NotificationsQuery)
@returns(NotificationPage)
def list_notifications(query: NotificationsQuery) -> NotificationPage:
    """One's own notifications, newest first, without their long text."""
    if query.unread:
        rows, following, previous = keyset(queries.unread_of_staff(_me()), UnreadNotification.notification_id, query)
    else:
        rows, following, previous = keyset(queries.of_staff(_me()), Notification.id, query)
    lines = pick_fields([NotificationLineOut.of(row) for row in rows], NotificationLineOut, query.fields)
    totals = queries.totals(_me())
    return NotificationPage(lines, following, previous, unread=totals.unread, total=totals.total)


@bp.get("/count")
@requires(OWN_DUTIES)
@uncounted
@query_budget(1)
@returns(UnreadOut)
def count_unread() -> UnreadOut:
    """How many wait to be read, for who cannot listen to the event stream; with an ETag, so poll with it."""
    return UnreadOut(queries.unread(_me()))


@bp.get("/<id:notification_id>")
@requires(OWN_DUTIES)
@query_budget(1)
@returns(NotificationOut, 200, NotificationNotFound)
def get_notification(notification_id: int) -> NotificationOut:
    """One notification with all of its text; to look at it does not mark it as read."""
    row = queries.get_notification(notification_id, _me())
    return NotificationOut.of(row, message=row.message, answer_url=links.find_answer_url(row.Assignment, _me()))


@bp.post("/<id:notification_id>/read")
@requires(OWN_DUTIES)
@query_budget(2)
@returns(None, 204, NotificationNotFound)
def mark_read(notification_id: int) -> None:
    """Mark one as read."""
    reading.mark_read(notification_id, _me())


@bp.delete("/<id:notification_id>/read")
@requires(OWN_DUTIES)
@query_budget(2)
@returns(None, 204, NotificationNotFound)
def mark_unread(notification_id: int) -> None:
    """Mark one as not read."""
    reading.mark_unread(notification_id, _me())


@bp.post("/read")
@requires(OWN_DUTIES)
@query_budget(2)
@accepts(ReadIn)
@returns(ReadOut)
def mark_all_read(body: ReadIn) -> ReadOut:
    """Mark all as read; with `up_to` those that the caller has seen, so that what came meanwhile stays unread."""
    return ReadOut(reading.mark_all_read(_me(), body.up_to))


@bp.get("/preferences")
@requires(OWN_DUTIES)
@query_budget(1)
@returns(PreferencesOut)
def show_preferences() -> PreferencesOut:
    """Whether notifications come by mail, too."""
    return PreferencesOut(preferences.wants_mail(_me()))


@bp.put("/preferences")
@requires(OWN_DUTIES)
@query_budget(1)
@accepts(PreferencesIn)
@returns(PreferencesOut)
def change_preferences(body: PreferencesIn) -> PreferencesOut:
    """Say whether notifications come by mail, too."""
    preferences.set_wants_mail(_me(), wants_mail=body.wants_mail)
    return PreferencesOut(body.wants_mail)


def _me() -> int:
    return caller().user_id or 0
