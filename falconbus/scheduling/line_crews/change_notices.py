"""Crew change notices: crews are notified of changes of their departures (another bus, off sale, on sale again).

Whatever changed it (an operator, a timetable, a feed): the state of the last notice is stored with the assignment, and
is compared with the present one.
"""

from typing import Any

from sqlalchemy import Row, text

from falconbus.platform.database.engine import db
from falconbus.platform.design import formats
from falconbus.platform.kit import clock
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.notifications.service import Message, notify

_BATCH = 200

_CHANGED = text("""
    SELECT crew.id, crew.staff_id, crew.schedule_id, crew.told_bus_id <> schedule.bus_id AS has_other_bus,
           crew.told_active <> schedule.active AS was_switched, schedule.active, schedule.departure_time,
           bus.number AS bus_number, route.name AS route_name, stop.time_zone
    FROM assignments AS crew
    JOIN schedules AS schedule ON schedule.id = crew.schedule_id
    JOIN buses AS bus ON bus.id = schedule.bus_id
    JOIN routes AS route ON route.id = schedule.route_id
    JOIN stops AS stop ON stop.id = route.origin_id
    WHERE crew.schedule_id IS NOT NULL AND crew.status = 'accepted' AND crew.ends_at > :now
      AND (crew.told_bus_id <> schedule.bus_id OR crew.told_active <> schedule.active)
    ORDER BY crew.id LIMIT :limit FOR UPDATE OF crew SKIP LOCKED
""")
_SET_NOTIFIED_STATE = text("""
    UPDATE assignments AS crew SET told_bus_id = schedule.bus_id, told_active = schedule.active
    FROM schedules AS schedule WHERE schedule.id = crew.schedule_id AND crew.id = ANY (:ids)
""")


def notify_crew_changes() -> int:
    """Notify crews whose departure differs from their last notice; return how many. Nobody is notified twice."""
    rows = db.session.execute(_CHANGED, {"now": clock.now(), "limit": _BATCH}).all()
    recipients: dict[tuple[int, str], list[int]] = {}
    for row in rows:
        recipients.setdefault((row.schedule_id, _describe(row)), []).append(row.staff_id)
    for (schedule_id, description), staff_ids in recipients.items():
        message = Message(
            kind=NotificationKind.CHANGED, title=description, message=description, schedule_id=schedule_id
        )
        notify(staff_ids, message)
    db.session.execute(_SET_NOTIFIED_STATE, {"ids": [row.id for row in rows]})
    return len(rows)


def _describe(row: Row[Any]) -> str:
    """Describe the changes: `Johannesburg - Durban, Fri 18 Dec, 07:00: now with bus FB-2`."""
    changes = [f"now with bus {row.bus_number}"] if row.has_other_bus else []
    if row.was_switched:
        changes.append("on sale again" if row.active else "taken off sale; ask the office whether it runs")
    departs = formats.moment(clock.local(row.departure_time, row.time_zone))
    return f"{row.route_name}, {departs}: {', '.join(changes)}"
