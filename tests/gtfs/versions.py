"""A feed, its newer versions, and what is in the tables after each."""

from typing import Any

from flask.testing import FlaskClient

from tests.calls import hold, pay
from tests.gtfs.feeds import Feed, feed, rows

TABLES = (
    "stops",
    "routes",
    "route_stops",
    "segment_fares",
    "calendars",
    "calendar_dates",
    "timetables",
    "schedules",
    "buses",
    "seat_layouts",
    "seats",
    "fare_classes",
)


def state(condition: str = "", *tables: str) -> dict[str, list[Any]]:
    """Every row with the transaction that last wrote it: an update that changes nothing is one too."""
    return {
        table: rows(f"SELECT {table}::text, xmin::text FROM {table} {condition} ORDER BY 1")
        for table in tables or TABLES
    }


def later(files: Feed, old: str = "08:00:00,08:00:00", new: str = "08:10:00,08:10:00") -> Feed:
    """A newer version whose coach leaves at other times."""
    assert old in files["stop_times.txt"]
    return {**files, "stop_times.txt": files["stop_times.txt"].replace(old, new)}


def another_coach() -> Feed:
    """A newer version with another trip, an hour earlier, in the place of the one of the base feed."""
    files = later(feed(), "08:00:00,08:00:00", "07:00:00,07:00:00")
    return {name: content.replace("T1", "X9") for name, content in files.items()}


def schedule_ids() -> list[int]:
    return [key for (key,) in rows("SELECT s.id FROM schedules s JOIN routes r ON r.id = route_id"
                                   " WHERE r.feed_key LIKE 'tl:%' ORDER BY departure_time")]  # fmt: skip


def sell(client: FlaskClient, schedule_id: int, origin: str = "ALP", destination: str = "GAM") -> str:
    """A confirmed booking; its reference."""
    held = hold(client, schedule_id, origin, destination)
    assert pay(client, held).status_code == 201
    return str(held["reference"])
