"""What charters take of buses, for the rooms below: the timetable makes no departure with a bus on a charter."""

#: For timetable.occupancy. The condition and the function are those of the exclusion ex_appointments_bus, whose index
#: finds the rows.
BUS_TIMES = """
    SELECT bus_id, starts_at, ends_at, reference,
           pick_up_stop_id AS origin_stop_id, drop_off_stop_id AS destination_stop_id,
           owner_time(bus_id, starts_at, ends_at) AS bus_time
    FROM appointments WHERE bus_id IS NOT NULL AND status <> 'cancelled'
"""
#: For network.bus_uses.
BUS_USES = {
    "charters": lambda: (
        """
        SELECT bus_id FROM appointments
        WHERE status IN ('pending', 'assigned', 'accepted', 'rejected') AND starts_at > :now
    """
    )
}
