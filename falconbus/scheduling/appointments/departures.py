"""Departures that give way to charters: the nightly job leaves them out, and tells the operators which."""

from falconbus.platform.kit import clock
from falconbus.scheduling.notifications.models import Kind
from falconbus.scheduling.notifications.service import Message, notify, operators
from falconbus.timetable import service as timetable
from falconbus.timetable.service import BlockedDeparture

_LISTED = 50


def make_schedules() -> int:
    """Make the departures of all timetables up to the horizon; how many are new.

    Operators are told, once for all, of those that are not made because their bus is on a charter; every night anew,
    until somebody has given the departure another bus, or the charter.
    """
    made = timetable.make_schedules()
    blocked = timetable.find_blocked_departures()
    if blocked:
        notify(operators(), _message(blocked))
    return made


def _message(blocked: list[BlockedDeparture]) -> Message:
    count = len(blocked)
    lines = [_line(departure) for departure in blocked[:_LISTED]]
    if count > _LISTED:
        lines.append(f"and {count - _LISTED} more")
    what = (
        "A departure is not on sale: its bus is"
        if count == 1
        else f"{count} departures are not on sale: their buses are"
    )
    return Message(kind=Kind.BUS_CHARTERED, title=f"{what} on charter", message="\n".join(lines))


def _line(departure: BlockedDeparture) -> str:
    at = clock.local(departure.departure_time, departure.time_zone).isoformat(sep=" ", timespec="minutes")
    return f"{departure.route_name}, {at}, bus {departure.bus_number}: charter {departure.reference}"
