"""Tags of cached data about seats sold, held and released."""

from datetime import datetime


def seats_tag(route_id: int, departure_time: datetime) -> str:
    """Return the tag of the seats of a route's departures on a day (UTC, by the departure from the first stop)."""
    return f"seats:{route_id}:{departure_time:%Y%m%d}"
