"""Groups of cached responses about the network."""

from falconbus.platform.caching.groups import Group

ROUTES = Group(name="routes", fresh=600, stale=3600, shared=30, is_plain=True)
FARE_CLASSES = Group(name="fare_classes", fresh=600, stale=3600, shared=30, is_plain=True)
BRAND = Group(name="brand", fresh=600, stale=3600, shared=30, is_plain=True)

GROUPS = (ROUTES, FARE_CLASSES, BRAND)
