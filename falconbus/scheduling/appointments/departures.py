"""Nightly generation of departures; operators are notified of those left out because of their bus."""

from falconbus.platform.kit import clock
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.notifications.service import Message, notify, operators
from falconbus.timetable import service as timetable
from falconbus.timetable.service import BlockedDeparture

_MOST_LISTED = 50


def make_schedules() -> int:
    """Make the departures of all timetables up to the horizon; return how many are new.

    Operators get one notification of all departures left out because of their bus, every night until they or
    its other ride have another one.
    """
    made = timetable.make_schedules()
    blocked = timetable.find_blocked_departures()
    if blocked:
        notify(operators(), _message(blocked))
    return made


def _message(blocked: list[BlockedDeparture]) -> Message:
    count = len(blocked)
    lines = [_describe(departure) for departure in blocked[:_MOST_LISTED]]
    if count > _MOST_LISTED:
        lines.append(f"and {count - _MOST_LISTED} more")
    what = (
        "A departure is not on sale: its bus is"
        if count == 1
        else f"{count} departures are not on sale: their buses are"
    )
    title = f"{what} {' or '.join(sorted({_reason(departure) for departure in blocked}))}"
    return Message(kind=NotificationKind.BUS_CHARTERED, title=title, message="\n".join(lines))


def _reason(departure: BlockedDeparture) -> str:
    if departure.reference:
        return "on charter"
    return "on a departure off sale that has tickets" if departure.sold_schedule_id else "out of service"


def _describe(departure: BlockedDeparture) -> str:
    at = clock.local(departure.departure_time, departure.time_zone).isoformat(sep=" ", timespec="minutes")
    why = f"charter {departure.reference}" if departure.reference else _reason(departure)
    return f"{departure.route_name}, {at}, bus {departure.bus_number}: {why}"
