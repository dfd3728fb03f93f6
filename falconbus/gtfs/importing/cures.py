"""Cures of what is wrong in a feed and does no harm: what is done, and the note that tells it."""

from falconbus.gtfs.importing.checks import Cure
from falconbus.gtfs.importing.staging import FILES

_COLUMNS = {file.name: ", ".join(file.columns) for file in FILES}
_USES = {
    "stop_id": (("stops", "stop_id"), ("stops", "parent_station"), ("stop_times", "stop_id")),
    "route_id": (("routes", "route_id"), ("trips", "route_id"), ("fare_rules", "route_id")),
    "trip_id": (("trips", "trip_id"), ("stop_times", "trip_id"), ("frequencies", "trip_id")),
    "service_id": (("calendar", "service_id"), ("calendar_dates", "service_id"), ("trips", "service_id")),
}
_ON_DEMAND = "coalesce(location_group_id, location_id, start_pickup_drop_off_window)"

#: Trips that call nowhere at a time are GTFS-Flex only; of the others the calls at a time are read.
DROP_FLEXIBLE = Cure(
    (
        (
            f"""
            DELETE FROM feed_trips USING (
                SELECT trip_id FROM feed_stop_times GROUP BY trip_id HAVING bool_and({_ON_DEMAND} IS NOT NULL)
            ) AS flexible WHERE flexible.trip_id = feed_trips.trip_id
            """,  # noqa: S608  columns' names, as below
            "{count} trips run on demand only (GTFS-Flex): they are left out",
        ),
        (
            f"DELETE FROM feed_stop_times WHERE {_ON_DEMAND} IS NOT NULL",  # noqa: S608
            "{count} calls on demand (GTFS-Flex) are left out",
        ),
        ("DELETE FROM feed_frequencies WHERE trip_id NOT IN (SELECT trip_id FROM feed_trips)", ""),
    )
)


def drop_twins(file: str) -> Cure:
    """Return the cure for rows that are the same in every column: one of them stays."""
    twins = f"SELECT line, row_number() OVER (PARTITION BY {_COLUMNS[file]} ORDER BY line) AS twin FROM feed_{file}"  # noqa: S608
    statement = f"DELETE FROM feed_{file} WHERE line IN (SELECT line FROM ({twins}) AS x WHERE twin > 1)"  # noqa: S608
    return Cure(((statement, f"{{count}} rows of {file}.txt are there twice, the same in all: once is enough"),))


def write_seconds(file: str, column: str) -> Cure:
    """Return the cure for times without seconds."""
    statement = f"UPDATE feed_{file} SET {column} = {column} || '\\:00' WHERE {column} ~ '^[0-9]{{1,3}}:[0-5][0-9]$'"  # noqa: S608
    return Cure(((statement, f"{{count}} times in {file}.txt, {column}, have no seconds: they are taken as :00"),))


def drop_unused_stops(condition: str, what: str) -> Cure:
    """Return the cure for faulty stops where no trip calls."""
    statement = f"""
        DELETE FROM feed_stops AS stop WHERE ({condition}) AND coalesce(location_type, '0') = '0'
            AND NOT EXISTS (SELECT FROM feed_stop_times AS call WHERE call.stop_id = stop.stop_id)
    """  # noqa: S608
    return Cure(((statement, f"{{count}} stops {what} are left out: no trip calls there"),))


def stand_alone() -> Cure:
    """Return the cure for stops of stations that the feed does not have."""
    statement = """
        UPDATE feed_stops AS stop SET parent_station = NULL WHERE parent_station IS NOT NULL
            AND NOT EXISTS (SELECT FROM feed_stops AS station WHERE station.stop_id = stop.parent_station)
    """
    return Cure(((statement, "{count} stops name a parent_station that is not in stops.txt: they stand alone"),))


def shorten_ids(column: str, limit: int) -> Cure:
    """Return the cure for ids that are too long: their beginning and a hash, wherever they stand."""
    steps = []
    for file, name in _USES[column]:
        statement = (
            f"UPDATE feed_{file} SET {name} = left({name}, 160) || ':' || md5({name}) WHERE length({name}) > {limit}"  # noqa: S608
        )
        steps.append(
            (statement, f"{{count}} values of {name} in {file}.txt have over {limit} characters: they are cut")
        )
    return Cure(tuple(steps))
