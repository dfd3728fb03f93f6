"""What kept answers depend on: timetables and departures go with their lines."""

from falconbus.network.cache_tags import ROUTES

#: By table, for audited changes.
OF_TABLE = {"timetables": ROUTES, "schedules": ROUTES}
