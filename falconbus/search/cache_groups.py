"""Groups of cached responses of search."""

from falconbus.platform.caching.groups import Group

#: Searches and months change with time as well: departures leave, holds expire.
SEARCH = Group(name="search", fresh=30, stale=30, shared=1)
AVAILABILITY = Group(name="availability", fresh=30, stale=30, shared=1)
STOPS = Group(name="stops", fresh=600, stale=3600, shared=30, is_plain=True)

GROUPS = (SEARCH, AVAILABILITY, STOPS)
