"""Tags of cached data about timetables and departures: the same as their routes'."""

from falconbus.network.cache_tags import ROUTES

#: By table, for audited changes.
OF_TABLE = {"timetables": ROUTES, "schedules": ROUTES}
