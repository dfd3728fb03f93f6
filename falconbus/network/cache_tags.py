"""Tags of cached data about the network: a writer calls changed() with the tag that a reader gave depends_on()."""

#: Stops; routes with their fares, timetables and departures; buses, seat layouts and fare classes; the brand.
STOPS, ROUTES, FLEET, BRAND = "stops", "lines", "fleet", "brand"

#: By table, for audited changes.
OF_TABLE = {
    "stops": STOPS,
    "routes": ROUTES,
    "buses": FLEET,
    "seat_layouts": FLEET,
    "fare_classes": FLEET,
    "brand": BRAND,
}
