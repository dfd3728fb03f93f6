"""The kept answers of search."""

from falconbus.platform.caching.groups import Group

#: A search tells of time as well: departures leave, holds run out without anybody's doing.
SEARCH = Group(name="search", fresh=30, stale=30, shared=1)
STOPS = Group(name="stops", fresh=600, stale=3600, shared=30)

GROUPS = (SEARCH, STOPS)
