"""Tags of cached data about seats sold, held and released."""

from collections.abc import Iterable

from falconbus.platform.database.engine import AnyRow


def seats_tags(departures: Iterable[AnyRow]) -> set[str]:
    """Return the tags of the seats of departures, rows with `route_id` and `departure_time`.

    There is one for each route and day (UTC, by the departure from the first stop).
    """
    days = {(departure.route_id, departure.departure_time.date()) for departure in departures}
    return {f"seats:{route_id}:{day:%Y%m%d}" for route_id, day in days}
