"""The temporary staging tables of a feed's files: a text column for each known column, and the line number."""

from dataclasses import dataclass

from psycopg import sql

from falconbus.gtfs.importing.database import raw_cursor


@dataclass(frozen=True)
class FeedFile:
    """A file of GTFS: the columns we read, the required ones, and whether a feed must have the file."""

    name: str
    columns: tuple[str, ...]
    required: tuple[str, ...]
    needed: bool = False

    @property
    def filename(self) -> str:
        return f"{self.name}.txt"

    @property
    def table(self) -> str:
        return f"feed_{self.name}"


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

# gtfs.org/documentation/schedule/reference
FILES = (
    FeedFile(
        "agency",
        ("agency_id", "agency_name", "agency_timezone", "agency_url", "agency_phone", "agency_email"),
        ("agency_name", "agency_timezone"),
        needed=True,
    ),
    FeedFile(
        "stops",
        (
            *("stop_id", "stop_code", "stop_name", "stop_desc", "stop_lat", "stop_lon", "zone_id"),
            *("location_type", "parent_station", "stop_timezone", "platform_code"),
        ),
        ("stop_id", "stop_name", "stop_lat", "stop_lon"),
        needed=True,
    ),
    FeedFile(
        "routes",
        ("route_id", "agency_id", "route_short_name", "route_long_name", "route_type"),
        ("route_id", "route_type"),
        needed=True,
    ),
    FeedFile(
        "trips",
        ("trip_id", "route_id", "service_id", "trip_headsign", "trip_short_name", "block_id"),
        ("trip_id", "route_id", "service_id"),
        needed=True,
    ),
    FeedFile(
        "stop_times",
        (
            *("trip_id", "stop_sequence", "stop_id", "arrival_time", "departure_time"),
            *("pickup_type", "drop_off_type", "shape_dist_traveled"),
            *("location_group_id", "location_id", "start_pickup_drop_off_window"),
        ),
        ("trip_id", "stop_sequence", "stop_id", "arrival_time", "departure_time"),
        needed=True,
    ),
    FeedFile(
        "calendar",
        ("service_id", *WEEKDAYS, "start_date", "end_date"),
        ("service_id", *WEEKDAYS, "start_date", "end_date"),
    ),
    FeedFile("calendar_dates", ("service_id", "date", "exception_type"), ("service_id", "date", "exception_type")),
    FeedFile(
        "frequencies",
        ("trip_id", "start_time", "end_time", "headway_secs"),
        ("trip_id", "start_time", "end_time", "headway_secs"),
    ),
    FeedFile(
        "fare_attributes", ("fare_id", "price", "currency_type", "agency_id"), ("fare_id", "price", "currency_type")
    ),
    FeedFile("transfers", ("from_trip_id", "to_trip_id", "transfer_type"), ()),
    FeedFile("fare_rules", ("fare_id", "route_id", "origin_id", "destination_id", "contains_id"), ("fare_id",)),
)


def create_tables() -> None:
    """Create all staging tables, dropped at the end of the transaction."""
    create = sql.SQL("CREATE TEMPORARY TABLE {} (line int, {}) ON COMMIT DROP")
    with raw_cursor() as cursor:
        for file in FILES:
            columns = [sql.SQL("{} text").format(sql.Identifier(column)) for column in file.columns]
            cursor.execute(create.format(sql.Identifier(file.table), sql.SQL(", ").join(columns)))
