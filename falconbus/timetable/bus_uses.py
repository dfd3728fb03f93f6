"""The departures that a bus is due on, for network, which has no schedules."""

from falconbus.timetable.running import runs


def _departures() -> str:
    return f"SELECT bus_id FROM schedules WHERE departure_time > :now AND {runs()}"  # noqa: S608


BUS_USES = {"departures": _departures}
