"""A small feed of our own, as text, that each test changes in the one place it is about."""

import io
import zipfile
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from falconbus.gtfs import service
from falconbus.gtfs.errors import FeedRefused
from falconbus.gtfs.options import ImportOptions
from falconbus.gtfs.report import Report
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock

Feed = dict[str, str]
ZONE = "Africa/Johannesburg"


def gtfs_day(day: date) -> str:
    return day.strftime("%Y%m%d")


def today() -> date:
    return clock.today(ZONE)


def feed(**changes: str | None) -> Feed:
    """Three stops on a line north, one coach a day each way, for a year; `stops="..."` puts another stops.txt."""
    begin, end = gtfs_day(today()), gtfs_day(today() + timedelta(days=365))
    files: dict[str, str | None] = {
        "agency": f"agency_id,agency_name,agency_url,agency_timezone\nTL,Test Lines,https://t.example,{ZONE}\n",
        "stops": "stop_id,stop_name,stop_lat,stop_lon\n"
        'a,"Alpha, Station",-26.0,28.0\nb,"Beta, Square",-25.0,28.0\nc,"Gamma, Mall",-24.0,28.0\n',
        "routes": "route_id,agency_id,route_short_name,route_long_name,route_type\nR,TL,1,The North Line,3\n",
        "trips": "route_id,service_id,trip_id\nR,DAILY,T1\n",
        "stop_times": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "T1,08:00:00,08:00:00,a,1\nT1,09:00:00,09:05:00,b,2\nT1,10:30:00,10:30:00,c,3\n",
        "calendar": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        f"DAILY,1,1,1,1,1,1,1,{begin},{end}\n",
        **changes,
    }
    return {f"{name}.txt": content for name, content in files.items() if content is not None}


def packed(files: Feed, folder: str = "") -> io.BytesIO:
    """The feed as a ZIP."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(folder + name, content)
    buffer.seek(0)
    return buffer


def load(files: Feed, **options: Any) -> Report:
    """Import and commit."""
    return transactions.run(lambda: service.import_feed(packed(files), ImportOptions.from_dict(options)))


def refused(files: Feed, **options: Any) -> Report:
    """The report of a feed that must be refused, once nothing is left of it."""
    try:
        load(files, **options)
    except FeedRefused as refusal:
        assert rows("SELECT count(*) FROM stops") == [(0,)]
        return refusal.report
    raise AssertionError("the feed was imported")


def rows(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """What a query finds, in a transaction that is over when it returns."""
    db.session.rollback()
    found = [tuple(row) for row in db.session.execute(text(statement), parameters)]
    db.session.rollback()
    return found


def row(statement: str, **parameters: Any) -> tuple[Any, ...]:
    """The only row."""
    (found,) = rows(statement, **parameters)
    return found
