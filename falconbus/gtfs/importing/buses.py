"""Assigns buses to new and changed timetables; unchanged ones keep theirs."""

from collections import defaultdict

from falconbus.gtfs.importing.bus_assignment import Fleet, Run
from falconbus.gtfs.importing.database import copy_rows, execute
from falconbus.gtfs.importing.keys import trip_of

_FLEET = """
    SELECT bus.id, bus.number, bus.active AND bus.number ~ ('^' || :prefix || '-[0-9]+$') AS is_open
    FROM buses AS bus
    WHERE bus.number ~ ('^' || :prefix || '-[0-9]+$')
       OR bus.id IN (SELECT old_bus_id FROM feed_plan UNION ALL SELECT bus_id FROM feed_retired)
    ORDER BY length(bus.number), bus.number
"""

_RUNS = f"""
    SELECT plan.number, {trip_of("timetable.feed_key")} AS trip, plan.old_bus_id, plan.unchanged, plan.route_id,
           timetable.time_zone,
           timetable.departure_minutes, timetable.arrivals[cardinality(timetable.arrivals)] AS duration_minutes,
           timetable.block_id, service.weekdays | coalesce(added.weekdays, 0) AS weekdays
    FROM feed_plan AS plan
    JOIN feed_timetables AS timetable USING (number)
    JOIN feed_services AS service USING (service_id)
    LEFT JOIN (SELECT service_id, bit_or(1 << (extract(isodow FROM day)::int - 1)) AS weekdays
               FROM feed_exceptions WHERE runs GROUP BY service_id) AS added USING (service_id)
    ORDER BY number
"""  # noqa: S608

_RETIRED = f"""
    SELECT route_id, time_zone, departure_minutes, {trip_of("feed_key")} AS trip, bus_id FROM feed_retired ORDER BY id
"""  # noqa: S608


def assign_buses(feed: str, layout_id: int) -> None:
    """Fill feed_buses with a bus for each new or changed timetable of the plan, adding buses where needed."""
    prefix = feed.upper()
    rows = execute(_FLEET, prefix=prefix).all()
    ids = [row.id for row in rows]
    indexes = {bus_id: index for index, bus_id in enumerate(ids)}
    fleet = Fleet(unavailable=sum(1 << index for index, row in enumerate(rows) if not row.is_open))
    by_departure, by_trip = _former_buses(indexes)
    new_runs = []
    for row in execute(_RUNS):
        departure = (row.route_id, row.time_zone, row.departure_minutes)
        run = Run(
            number=row.number,
            time_zone=row.time_zone,
            departure_minutes=row.departure_minutes,
            duration_minutes=row.duration_minutes,
            weekdays=row.weekdays,
            block=row.block_id,
            preferred_buses=(*by_departure.get(departure, ()), *by_trip.get(row.trip, ())),
        )
        if row.unchanged:
            fleet.take(indexes[row.old_bus_id], run)
        else:
            new_runs.append(run)
    assigned = [(run.number, index) for run, index in fleet.assign(new_runs)]
    missing = max((index for _, index in assigned), default=-1) + 1 - len(ids)
    ids += _add_buses(prefix, missing, {row.number for row in rows}, layout_id)
    execute("CREATE TEMPORARY TABLE feed_buses (number int, bus_id int) ON COMMIT DROP")
    copy_rows("feed_buses", ("number", "bus_id"), ((number, ids[index]) for number, index in assigned))


def _former_buses(indexes: dict[int, int]) -> tuple[dict[tuple[int, str, int], list[int]], dict[str, list[int]]]:
    """Return the buses of the timetables that this import retires, so that departures keep them.

    By departure, and by trip for those that leave at another time.
    """
    by_departure, by_trip = defaultdict(list), defaultdict(list)
    for row in execute(_RETIRED):
        by_departure[row.route_id, row.time_zone, row.departure_minutes].append(indexes[row.bus_id])
        by_trip[row.trip].append(indexes[row.bus_id])
    return by_departure, by_trip


def _add_buses(prefix: str, count: int, numbers: set[str], layout_id: int) -> list[int]:
    """Add `count` buses with the lowest free numbers (CC-001, CC-002 ...) and return their keys."""
    free = (name for number in range(1, count + len(numbers) + 1) if (name := f"{prefix}-{number:03}") not in numbers)
    new = [name for name, _ in zip(free, range(count), strict=False)]
    inserted = execute(
        "INSERT INTO buses (number, layout_id) SELECT name, :layout FROM unnest(CAST(:names AS text[]))"
        " WITH ORDINALITY AS new (name, place) ORDER BY place RETURNING id, number",
        layout=layout_id,
        names=new,
    )
    by_number = {row.number: row.id for row in inserted}
    return [by_number[name] for name in new]
