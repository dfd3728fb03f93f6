"""The departures that a bus is due on, for network, which has no schedules."""

BUS_USES = {"departures": "SELECT bus_id FROM schedules WHERE active AND departure_time > :now"}
