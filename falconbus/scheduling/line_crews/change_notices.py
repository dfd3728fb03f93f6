"""Telling crews what has become of their departures: another bus, off sale, on sale again.

Whoever changed it, by hand, by a timetable or by a feed: what the crew was last told stands with their assignment, and
is compared with what holds.
"""

from typing import Any

from sqlalchemy import Row, text

from falconbus.platform.database.engine import db
from falconbus.platform.design import formats
from falconbus.platform.kit import clock
from falconbus.scheduling.notifications.models import Kind
from falconbus.scheduling.notifications.service import Message, notify

_AT_ONCE = 200

_NEWS = text("""
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
_TOLD = text("""
    UPDATE assignments AS crew SET told_bus_id = schedule.bus_id, told_active = schedule.active
    FROM schedules AS schedule WHERE schedule.id = crew.schedule_id AND crew.id = ANY (:ids)
""")


def tell_news() -> int:
    """Tell those whose departure is not what they were told; how many there were. Run again, it tells nobody twice."""
    rows = db.session.execute(_NEWS, {"now": clock.now(), "limit": _AT_ONCE}).all()
    crews: dict[tuple[int, str], list[int]] = {}
    for row in rows:
        crews.setdefault((row.schedule_id, _in_words(row)), []).append(row.staff_id)
    for (schedule_id, words), staff_ids in crews.items():
        notify(staff_ids, Message(kind=Kind.CHANGED, title=words, message=words, schedule_id=schedule_id))
    db.session.execute(_TOLD, {"ids": [row.id for row in rows]})
    return len(rows)


def _in_words(row: Row[Any]) -> str:
    """`Johannesburg - Durban, Fri 18 Dec, 07:00: now with bus FB-2`."""
    news = [f"now with bus {row.bus_number}"] if row.has_other_bus else []
    if row.was_switched:
        news.append("on sale again" if row.active else "taken off sale; ask the office whether it runs")
    departs = formats.moment(clock.local(row.departure_time, row.time_zone))
    return f"{row.route_name}, {departs}: {', '.join(news)}"
