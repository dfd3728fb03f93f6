"""The crew of a departure that leaves at another time: on it still, and told, or free if they are busy then."""

from collections.abc import Sequence

from sqlalchemy import text

from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.design import formats
from falconbus.platform.kit import clock
from falconbus.scheduling.assignments.errors import StaffBusy
from falconbus.scheduling.assignments.service import no_double_booking
from falconbus.scheduling.line_crews import queries
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.notifications.service import Message, notify

_LOCK = text("""
    SELECT id FROM users WHERE id IN (
        SELECT staff_id FROM assignments WHERE schedule_id = ANY (:ids) AND status = 'accepted')
    ORDER BY id FOR NO KEY UPDATE
""")
_MOVED = text("""
    SELECT crew.id, crew.staff_id, crew.schedule_id, crew.starts_at, schedule.departure_time, schedule.arrival_time,
           route.name AS route_name, stop.time_zone
    FROM assignments AS crew
    JOIN schedules AS schedule ON schedule.id = crew.schedule_id
    JOIN routes AS route ON route.id = schedule.route_id
    JOIN stops AS stop ON stop.id = route.origin_id
    WHERE crew.schedule_id = ANY (:ids) AND crew.status = 'accepted'
      AND (crew.starts_at <> schedule.departure_time OR crew.ends_at <> schedule.arrival_time)
    ORDER BY crew.id
""")
_MOVE = text("UPDATE assignments SET starts_at = :starts_at, ends_at = :ends_at WHERE id = :id")


def follow_times(schedule_ids: Sequence[int]) -> None:
    """Give the crews of departures their new times, and tell them; who is on another ride then is off this one."""
    if not schedule_ids:
        return
    db.session.execute(_LOCK, {"ids": list(schedule_ids)})
    waiting = list(db.session.execute(_MOVED, {"ids": list(schedule_ids)}))
    # Somebody's rides may all be later: one can move only once the next one has.
    while waiting:
        busy = [row for row in waiting if not _move(row)]
        if len(busy) == len(waiting):
            break
        waiting = busy
    for row in waiting:
        queries.delete_assignments([row.id])
        _tell(row, NotificationKind.UNROSTERED, "you are on another ride then, and not on this one any more")


def _move(row: AnyRow) -> bool:
    try:
        with no_double_booking():
            db.session.execute(_MOVE, {"id": row.id, "starts_at": row.departure_time, "ends_at": row.arrival_time})
    except StaffBusy:
        return False
    _tell(row, NotificationKind.CHANGED, "other times")
    return True


def _tell(row: AnyRow, kind: NotificationKind, what: str) -> None:
    was, now = (formats.moment(clock.local(at, row.time_zone)) for at in (row.starts_at, row.departure_time))
    ends = formats.moment(clock.local(row.arrival_time, row.time_zone))
    message = f"It leaves {now} instead of {was}, and arrives {ends}."
    title = f"{row.route_name}, {was}: {what}"
    notify([row.staff_id], Message(kind=kind, title=title, message=message, schedule_id=row.schedule_id))
