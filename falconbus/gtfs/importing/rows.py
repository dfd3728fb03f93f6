"""Checks of single rows, by file."""

from collections.abc import Iterable
from dataclasses import replace

from falconbus.gtfs.importing.checks import Check, column_value_sql, run_checks
from falconbus.gtfs.importing.cures import (
    DROP_FLEXIBLE,
    drop_twins,
    drop_unused_stops,
    shorten_ids,
    stand_alone,
    write_seconds,
)
from falconbus.gtfs.importing.staging import WEEKDAYS
from falconbus.gtfs.report import Report

_MAX_ID_LENGTH = 200
_MAX_NAME_LENGTH = 200


def _required(file: str, *columns: str) -> Iterable[Check]:
    for column in columns:
        yield Check(file, f"x.{column} IS NULL", f"'{column} is empty'", f"give every row a {column}")


def _unique(file: str, *columns: str) -> Iterable[Check]:
    names = ", ".join(columns)
    source = f"(SELECT *, row_number() OVER (PARTITION BY {names} ORDER BY line) AS twin FROM feed_{file})"  # noqa: S608
    wrong = " || ', ' || ".join(column_value_sql(column) for column in columns)
    all_given = " AND ".join(f"x.{column} IS NOT NULL" for column in columns)
    yield Check(
        file,
        f"x.twin > 1 AND {all_given}",
        f"{wrong} || ' comes a second time'",
        "leave one of them out",
        source,
        drop_twins(file),
    )


def _matching(file: str, column: str, pattern: str, remedy: str) -> Check:
    return Check(file, f"x.{column} !~ '^({pattern})$'", f"{column_value_sql(column)} || ' will not do'", remedy)


def _time(file: str, column: str) -> Check:
    return replace(_matching(file, column, _TIME, _WRITE_TIME), cure=write_seconds(file, column))


def _referencing(file: str, column: str, other: str, key: str = "") -> Check:
    unknown = f"NOT EXISTS (SELECT FROM feed_{other} AS y WHERE y.{key or column} = x.{column})"
    remedy = f"add it to {other}.txt or leave the row out"
    return Check(
        file, f"x.{column} IS NOT NULL AND {unknown}", f"{column_value_sql(column)} || ' is not in {other}.txt'", remedy
    )


def _in_range(file: str, column: str, low: int, high: int, remedy: str) -> Check:
    number = f"CASE WHEN pg_input_is_valid(x.{column}, 'float8') THEN x.{column}::float8 BETWEEN {low} AND {high} END"
    return Check(
        file,
        f"x.{column} IS NOT NULL AND ({number}) IS NOT TRUE",
        f"{column_value_sql(column)} || ' is out of range'",
        f"{remedy} from {low} to {high}",
    )


def _time_zone(file: str, column: str) -> Check:
    known = f"x.{column} = ANY (:zones) AND x.{column} IN (SELECT name FROM pg_timezone_names)"  # noqa: S608
    wrong = f"{column_value_sql(column)} || ' is no time zone'"
    return Check(file, f"x.{column} IS NOT NULL AND NOT ({known})", wrong, "write one such as America/New_York")


def _date(file: str, column: str) -> Check:
    valid = f"x.{column} ~ '^[0-9]{{8}}$' AND pg_input_is_valid(x.{column}, 'date')"
    return Check(file, f"NOT ({valid})", f"{column_value_sql(column)} || ' is no date'", "write it as YYYYMMDD")


_TIME = "[0-9]{1,3}:[0-5][0-9]:[0-5][0-9]"
_WRITE_TIME = "write it as HH:MM:SS, past 24:00:00 for the next day"
_COUNT = "[0-9]{1,9}"
_A_STOP = "coalesce(x.location_type, '0') = '0'"
_DEGREES = "pg_input_is_valid(x.{0}, 'float8') AND abs(x.{0}::float8)"


def _id_length(file: str, column: str) -> Iterable[Check]:
    for check in _max_length(file, _MAX_ID_LENGTH, column):
        yield replace(check, cure=shorten_ids(column, _MAX_ID_LENGTH))


def _max_length(file: str, limit: int, *columns: str) -> Iterable[Check]:
    for column in columns:
        wrong = f"'{column} has ' || length(x.{column}) || ' characters'"
        yield Check(file, f"length(x.{column}) > {limit}", wrong, f"write {limit} at most")


_CHECKS: tuple[Check, ...] = (
    *_required("agency", "agency_name", "agency_timezone"),
    _time_zone("agency", "agency_timezone"),
    Check(
        "agency",
        "x.agency_id IS NULL AND (SELECT count(*) FROM feed_agency) > 1",
        "'agency_id is empty'",
        "with several agencies each needs one",
    ),
    *_unique("agency", "agency_id"),
    *_required("stops", "stop_id"),
    *_unique("stops", "stop_id"),
    *_id_length("stops", "stop_id"),
    *_max_length("stops", _MAX_NAME_LENGTH, "stop_name"),
    Check("stops", f"x.stop_name IS NULL AND {_A_STOP}", "'stop_name is empty'", "give every stop a name"),
    Check(
        "stops",
        f"(x.stop_lat IS NULL OR x.stop_lon IS NULL) AND {_A_STOP}",
        "'its position is missing'",
        "give every stop stop_lat and stop_lon",
        cure=drop_unused_stops("stop_lat IS NULL OR stop_lon IS NULL", "without a position"),
    ),
    # The first degree around 0,0 is sea.
    Check(
        "stops",
        f"{_A_STOP} AND CASE WHEN {_DEGREES.format('stop_lat')} < 1 AND {_DEGREES.format('stop_lon')} < 1"
        " THEN true END",
        "'its position is ' || x.stop_lat || ',' || x.stop_lon || ', in the sea off Africa: none'",
        "give it the stop's position",
        cure=drop_unused_stops(
            "CASE WHEN pg_input_is_valid(stop_lat, 'float8') AND pg_input_is_valid(stop_lon, 'float8')"
            " THEN abs(stop_lat::float8) < 1 AND abs(stop_lon::float8) < 1 END",
            "at 0,0, which is no position,",
        ),
    ),
    _in_range("stops", "stop_lat", -90, 90, "write degrees"),
    _in_range("stops", "stop_lon", -180, 180, "write degrees"),
    _time_zone("stops", "stop_timezone"),
    _matching("stops", "location_type", "[0-4]", "write 0 for a stop, 1 to 4 for other places"),
    replace(_referencing("stops", "parent_station", "stops", "stop_id"), cure=stand_alone()),
    *_required("routes", "route_id", "route_type"),
    *_unique("routes", "route_id"),
    *_id_length("routes", "route_id"),
    *_max_length("routes", _MAX_NAME_LENGTH, "route_short_name", "route_long_name"),
    _matching("routes", "route_type", _COUNT, "write a number, 3 for a bus"),
    _referencing("routes", "agency_id", "agency"),
    Check(
        "routes",
        "x.agency_id IS NULL AND (SELECT count(*) FROM feed_agency) > 1",
        "'agency_id is empty'",
        "with several agencies a route must say whose it is",
    ),
    *_required("trips", "trip_id", "route_id", "service_id"),
    *_unique("trips", "trip_id"),
    *_id_length("trips", "trip_id"),
    *_max_length("trips", _MAX_NAME_LENGTH, "trip_headsign", "trip_short_name"),
    _referencing("trips", "route_id", "routes"),
    Check(
        "trips",
        "x.service_id IS NOT NULL AND x.service_id NOT IN (SELECT service_id FROM feed_calendar WHERE service_id"
        " IS NOT NULL UNION ALL SELECT service_id FROM feed_calendar_dates WHERE service_id IS NOT NULL)",
        f"{column_value_sql('service_id')} || ' is not in calendar.txt or calendar_dates.txt'",
        "add it to one of them or leave the trip out",
    ),
    Check(
        "stop_times",
        "coalesce(x.location_group_id, x.location_id, x.start_pickup_drop_off_window) IS NOT NULL",
        "'is a call on demand'",
        "leave it out",
        cure=DROP_FLEXIBLE,
    ),
    *_required("stop_times", "trip_id", "stop_id", "stop_sequence"),
    _referencing("stop_times", "trip_id", "trips"),
    _referencing("stop_times", "stop_id", "stops"),
    Check(
        "stop_times",
        "x.stop_id IN (SELECT stop_id FROM feed_stops WHERE coalesce(location_type, '0') <> '0')",
        f"{column_value_sql('stop_id')} || ' is a station or an entrance'",
        "name the stop (location_type 0) where the coach calls",
    ),
    _matching("stop_times", "stop_sequence", _COUNT, "write a whole number that grows along the trip"),
    *_unique("stop_times", "trip_id", "stop_sequence"),
    _time("stop_times", "arrival_time"),
    _time("stop_times", "departure_time"),
    _matching("stop_times", "pickup_type", "[0-3]", "write 0, 1 (none), 2 or 3 (by arrangement)"),
    _matching("stop_times", "drop_off_type", "[0-3]", "write 0, 1 (none), 2 or 3 (by arrangement)"),
    _in_range("stop_times", "shape_dist_traveled", 0, 10**9, "write the distance from the shape's beginning,"),
    *_required("calendar", "service_id", *WEEKDAYS, "start_date", "end_date"),
    *_unique("calendar", "service_id"),
    *_id_length("calendar", "service_id"),
    *(_matching("calendar", day, "[01]", "write 1 for a day of service, else 0") for day in WEEKDAYS),
    _date("calendar", "start_date"),
    _date("calendar", "end_date"),
    Check(
        "calendar",
        "x.end_date ~ '^[0-9]{8}$' AND x.start_date ~ '^[0-9]{8}$' AND x.end_date < x.start_date",
        "'end_date ' || x.end_date || ' is before start_date ' || x.start_date",
        "mend one of them",
    ),
    *_required("calendar_dates", "service_id", "date", "exception_type"),
    *_unique("calendar_dates", "service_id", "date"),
    *_id_length("calendar_dates", "service_id"),
    _date("calendar_dates", "date"),
    _matching("calendar_dates", "exception_type", "[12]", "write 1 for a day added, 2 for one taken out"),
    *_required("frequencies", "trip_id", "start_time", "end_time", "headway_secs"),
    _referencing("frequencies", "trip_id", "trips"),
    *_unique("frequencies", "trip_id", "start_time"),
    _time("frequencies", "start_time"),
    _time("frequencies", "end_time"),
    _matching("frequencies", "headway_secs", "[1-9][0-9]{1,5}", "write seconds, from 10 on"),
    *_required("fare_attributes", "fare_id", "price", "currency_type"),
    *_unique("fare_attributes", "fare_id"),
    _referencing("fare_attributes", "agency_id", "agency"),
    *_required("fare_rules", "fare_id"),
    _referencing("fare_rules", "fare_id", "fare_attributes"),
    _referencing("fare_rules", "route_id", "routes"),
)


def check_rows(report: Report, *, skip_faulty: bool) -> None:
    """Run all checks of single rows."""
    run_checks(_CHECKS, report, skip_faulty=skip_faulty)
