"""The checks of single rows, file by file."""

from collections.abc import Iterable

from falconbus.gtfs.importing.checks import Check, shown
from falconbus.gtfs.importing.staging import WEEKDAYS
from falconbus.gtfs.report import Report

_LONGEST_ID = 200
_LONGEST_NAME = 200


def _given(file: str, *columns: str) -> Iterable[Check]:
    for column in columns:
        yield Check(file, f"x.{column} IS NULL", f"'{column} is empty'", f"give every row a {column}")


def _no_twins(file: str, *columns: str) -> Iterable[Check]:
    names = ", ".join(columns)
    source = f"(SELECT *, row_number() OVER (PARTITION BY {names} ORDER BY line) AS twin FROM feed_{file})"  # noqa: S608
    wrong = " || ', ' || ".join(shown(column) for column in columns)
    given = " AND ".join(f"x.{column} IS NOT NULL" for column in columns)
    yield Check(file, f"x.twin > 1 AND {given}", f"{wrong} || ' comes a second time'", "leave one of them out", source)


def _like(file: str, column: str, pattern: str, remedy: str) -> Check:
    return Check(file, f"x.{column} !~ '^({pattern})$'", f"{shown(column)} || ' will not do'", remedy)


def _known(file: str, column: str, other: str, key: str = "") -> Check:
    unknown = f"NOT EXISTS (SELECT FROM feed_{other} AS y WHERE y.{key or column} = x.{column})"
    remedy = f"add it to {other}.txt or leave the row out"
    return Check(file, f"x.{column} IS NOT NULL AND {unknown}", f"{shown(column)} || ' is not in {other}.txt'", remedy)


def _between(file: str, column: str, low: int, high: int, remedy: str) -> Check:
    number = f"CASE WHEN pg_input_is_valid(x.{column}, 'float8') THEN x.{column}::float8 BETWEEN {low} AND {high} END"
    return Check(
        file,
        f"x.{column} IS NOT NULL AND ({number}) IS NOT TRUE",
        f"{shown(column)} || ' is out of range'",
        f"{remedy} from {low} to {high}",
    )


def _zone(file: str, column: str) -> Check:
    known = f"x.{column} = ANY (:zones) AND x.{column} IN (SELECT name FROM pg_timezone_names)"  # noqa: S608
    wrong = f"{shown(column)} || ' is no time zone'"
    return Check(file, f"x.{column} IS NOT NULL AND NOT ({known})", wrong, "write one such as America/New_York")


def _day(file: str, column: str) -> Check:
    valid = f"x.{column} ~ '^[0-9]{{8}}$' AND pg_input_is_valid(x.{column}, 'date')"
    return Check(file, f"NOT ({valid})", f"{shown(column)} || ' is no date'", "write it as YYYYMMDD")


_TIME = "[0-9]{1,3}:[0-5][0-9]:[0-5][0-9]"
_WRITE_TIME = "write it as HH:MM:SS, past 24:00:00 for the next day"
_COUNT = "[0-9]{1,9}"
_A_STOP = "coalesce(x.location_type, '0') = '0'"


def _short(file: str, limit: int, *columns: str) -> Iterable[Check]:
    for column in columns:
        wrong = f"'{column} has ' || length(x.{column}) || ' characters'"
        yield Check(file, f"length(x.{column}) > {limit}", wrong, f"write {limit} at most")


_CHECKS: tuple[Check, ...] = (
    *_given("agency", "agency_name", "agency_timezone"),
    _zone("agency", "agency_timezone"),
    Check(
        "agency",
        "x.agency_id IS NULL AND (SELECT count(*) FROM feed_agency) > 1",
        "'agency_id is empty'",
        "with several agencies each needs one",
    ),
    *_no_twins("agency", "agency_id"),
    *_given("stops", "stop_id"),
    *_no_twins("stops", "stop_id"),
    *_short("stops", _LONGEST_ID, "stop_id"),
    *_short("stops", _LONGEST_NAME, "stop_name"),
    Check("stops", f"x.stop_name IS NULL AND {_A_STOP}", "'stop_name is empty'", "give every stop a name"),
    Check(
        "stops",
        f"(x.stop_lat IS NULL OR x.stop_lon IS NULL) AND {_A_STOP}",
        "'its position is missing'",
        "give every stop stop_lat and stop_lon",
    ),
    _between("stops", "stop_lat", -90, 90, "write degrees"),
    _between("stops", "stop_lon", -180, 180, "write degrees"),
    _zone("stops", "stop_timezone"),
    _like("stops", "location_type", "[0-4]", "write 0 for a stop, 1 to 4 for other places"),
    _known("stops", "parent_station", "stops", "stop_id"),
    *_given("routes", "route_id", "route_type"),
    *_no_twins("routes", "route_id"),
    *_short("routes", _LONGEST_ID, "route_id"),
    *_short("routes", _LONGEST_NAME, "route_short_name", "route_long_name"),
    _like("routes", "route_type", _COUNT, "write a number, 3 for a bus"),
    _known("routes", "agency_id", "agency"),
    Check(
        "routes",
        "x.agency_id IS NULL AND (SELECT count(*) FROM feed_agency) > 1",
        "'agency_id is empty'",
        "with several agencies a route must say whose it is",
    ),
    *_given("trips", "trip_id", "route_id", "service_id"),
    *_no_twins("trips", "trip_id"),
    *_short("trips", _LONGEST_ID, "trip_id"),
    *_short("trips", _LONGEST_NAME, "trip_headsign", "trip_short_name"),
    _known("trips", "route_id", "routes"),
    Check(
        "trips",
        "x.service_id IS NOT NULL AND x.service_id NOT IN (SELECT service_id FROM feed_calendar WHERE service_id"
        " IS NOT NULL UNION ALL SELECT service_id FROM feed_calendar_dates WHERE service_id IS NOT NULL)",
        f"{shown('service_id')} || ' is not in calendar.txt or calendar_dates.txt'",
        "add it to one of them or leave the trip out",
    ),
    *_given("stop_times", "trip_id", "stop_id", "stop_sequence"),
    _known("stop_times", "trip_id", "trips"),
    _known("stop_times", "stop_id", "stops"),
    Check(
        "stop_times",
        "x.stop_id IN (SELECT stop_id FROM feed_stops WHERE coalesce(location_type, '0') <> '0')",
        f"{shown('stop_id')} || ' is a station or an entrance'",
        "name the stop (location_type 0) where the coach calls",
    ),
    _like("stop_times", "stop_sequence", _COUNT, "write a whole number that grows along the trip"),
    *_no_twins("stop_times", "trip_id", "stop_sequence"),
    _like("stop_times", "arrival_time", _TIME, _WRITE_TIME),
    _like("stop_times", "departure_time", _TIME, _WRITE_TIME),
    _like("stop_times", "pickup_type", "[0-3]", "write 0, 1 (none), 2 or 3 (by arrangement)"),
    _like("stop_times", "drop_off_type", "[0-3]", "write 0, 1 (none), 2 or 3 (by arrangement)"),
    _between("stop_times", "shape_dist_traveled", 0, 10**9, "write the distance from the shape's beginning,"),
    *_given("calendar", "service_id", *WEEKDAYS, "start_date", "end_date"),
    *_no_twins("calendar", "service_id"),
    *_short("calendar", _LONGEST_ID, "service_id"),
    *(_like("calendar", day, "[01]", "write 1 for a day of service, else 0") for day in WEEKDAYS),
    _day("calendar", "start_date"),
    _day("calendar", "end_date"),
    Check(
        "calendar",
        "x.end_date ~ '^[0-9]{8}$' AND x.start_date ~ '^[0-9]{8}$' AND x.end_date < x.start_date",
        "'end_date ' || x.end_date || ' is before start_date ' || x.start_date",
        "mend one of them",
    ),
    *_given("calendar_dates", "service_id", "date", "exception_type"),
    *_no_twins("calendar_dates", "service_id", "date"),
    *_short("calendar_dates", _LONGEST_ID, "service_id"),
    _day("calendar_dates", "date"),
    _like("calendar_dates", "exception_type", "[12]", "write 1 for a day added, 2 for one taken out"),
    *_given("frequencies", "trip_id", "start_time", "end_time", "headway_secs"),
    _known("frequencies", "trip_id", "trips"),
    *_no_twins("frequencies", "trip_id", "start_time"),
    _like("frequencies", "start_time", _TIME, _WRITE_TIME),
    _like("frequencies", "end_time", _TIME, _WRITE_TIME),
    _like("frequencies", "headway_secs", "[1-9][0-9]{1,5}", "write seconds, from 10 on"),
    *_given("fare_attributes", "fare_id", "price", "currency_type"),
    *_no_twins("fare_attributes", "fare_id"),
    _known("fare_attributes", "agency_id", "agency"),
    *_given("fare_rules", "fare_id"),
    _known("fare_rules", "fare_id", "fare_attributes"),
    _known("fare_rules", "route_id", "routes"),
)


def check_rows(report: Report) -> None:
    """Run every check of single rows."""
    for check in _CHECKS:
        check.run(report)
