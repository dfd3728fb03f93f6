"""Registers the times of charters' buses with the timetable, which makes no departure with a bus on a charter."""

#: For timetable.occupancy. The condition and the function are those of the exclusion ex_appointments_bus, whose index
#: finds the rows.
BUS_TIMES = """
    SELECT bus_id, starts_at, ends_at, reference, owner_time(bus_id, starts_at, ends_at) AS bus_time
    FROM appointments WHERE bus_id IS NOT NULL AND status <> 'cancelled'
"""
