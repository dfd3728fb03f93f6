"""What kept answers depend on: the writer says changed() of the same tag as the reader says depends_on()."""

#: Stops; routes with their fares, timetables and departures; buses, seat layouts and fare classes.
STOPS, ROUTES, FLEET = "stops", "lines", "fleet"

#: By table, for audited changes.
OF_TABLE = {
    "stops": STOPS,
    "routes": ROUTES,
    "buses": FLEET,
    "seat_layouts": FLEET,
    "fare_classes": FLEET,
}
