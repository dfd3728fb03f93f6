"""What cached answers depend on, by name: the writer says changed() of the same tag as the reader says depends_on()."""

from datetime import datetime

#: Stops; routes with their fares, timetables and departures; buses, seat layouts and fare classes.
STOPS, LINES, FLEET = "stops", "lines", "fleet"

#: By the table that an audit entry names.
OF_TABLE = {
    "stops": STOPS,
    "routes": LINES,
    "timetables": LINES,
    "schedules": LINES,
    "buses": FLEET,
    "seat_layouts": FLEET,
    "fare_classes": FLEET,
}


def seats(route_id: int, departure_time: datetime) -> str:
    """The seats of a route's departures on a day (UTC, by the departure from the first stop)."""
    return f"seats:{route_id}:{departure_time:%Y%m%d}"
