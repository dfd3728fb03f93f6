"""What is wrong in a feed and does no harm is mended, and told; what does harm names its real cause."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy

from falconbus.gtfs import service
from falconbus.gtfs.errors import FeedRefused, FeedUnreadable
from falconbus.gtfs.options import ImportOptions
from falconbus.platform.database import transactions
from tests.gtfs.faulty import Change, adding, replacing
from tests.gtfs.feeds import Feed, feed, load, packed, refused, row, rows

LONG = "T" * 250
FLEX_HEADER = "trip_id,arrival_time,departure_time,stop_id,stop_sequence,location_id,start_pickup_drop_off_window\n"
STOPS = "stop_id,stop_name,stop_lat,stop_lon,parent_station\na,Alpha,-26,28,\nb,Beta,-25,28,gone\nc,Gamma,-24,28,\n"


def flexible(files: Feed) -> Feed:
    fixed = "".join(f"{line},,\n" for line in files["stop_times.txt"].splitlines()[1:])
    times = FLEX_HEADER + fixed + "T2,,,,1,zone,8:00:00\nT2,,,,2,zone,8:00:00\n"
    return {**files, "stop_times.txt": times, "trips.txt": files["trips.txt"] + "R,DAILY,T2\n"}


HARMLESS: dict[str, tuple[Change, str]] = {
    "blank after a quote": (
        replacing("stops.txt", '"Beta, Square",', '"Beta, Square" ,'),
        "stops.txt: 1 lines have blanks after a closing quote: they are passed over",
    ),
    "no seconds": (
        replacing("stop_times.txt", "09:00:00,", "09:00,"),
        "1 times in stop_times.txt, arrival_time, have no seconds: they are taken as :00",
    ),
    "twins": (
        adding("stop_times.txt", "T1,10:30:00,10:30:00,c,3\n"),
        "1 rows of stop_times.txt are there twice, the same in all: once is enough",
    ),
    "empty file": (adding("fare_rules.txt", ""), "fare_rules.txt is empty: it counts as missing"),
    "blank lines": (
        lambda files: {**files, "trips.txt": "\n , \n" + files["trips.txt"]},
        "trips.txt: blank lines before the header are passed over",
    ),
    "unused stop": (
        adding("stops.txt", "z,Zeta,,\n"),
        "1 stops without a position are left out: no trip calls there",
    ),
    "unused stop in the sea": (
        adding("stops.txt", "z,Zeta,0.0,0\n"),
        "1 stops at 0,0, which is no position, are left out: no trip calls there",
    ),
    "unknown parent": (
        lambda files: {**files, "stops.txt": STOPS},
        "1 stops name a parent_station that is not in stops.txt: they stand alone",
    ),
    "capitals": (
        lambda files: {("Stops.TXT" if name == "stops.txt" else name): text for name, text in files.items()},
        "names of files are written in capitals (Stops.TXT): they are read all the same",
    ),
    "long ids": (
        lambda files: {name: text.replace("T1", LONG) for name, text in files.items()},
        "1 values of trip_id in trips.txt have over 200 characters: they are cut",
    ),
    "two byte order marks": (
        lambda files: {**files, "stops.txt": "\ufeff\ufeff" + files["stops.txt"]},
        "stops.txt: a second byte order mark at its beginning is passed over",
    ),
    "on demand only": (flexible, "1 trips run on demand only (GTFS-Flex): they are left out"),
    "fares v2": (
        adding("fare_products.txt", "fare_product_id,amount,currency\nf,10,ZAR\n"),
        "fares of the second version (fare_products.txt) are not read: only fare_attributes.txt is",
    ),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_is_accepted_with_a_note(name: str, database: SQLAlchemy) -> None:
    change, note = HARMLESS[name]
    assert note in load(change(feed())).notes
    assert row("SELECT count(*), max(departures[2]) FROM timetables") == (1, 65)
    assert row("SELECT count(*) > 50 FROM schedules WHERE active") == (True,)


def test_distances_in_miles_are_taken_as_miles(database: SQLAlchemy) -> None:
    """86 and 173 miles by road; the great circles are 111 and 222 km."""
    times = feed()["stop_times.txt"].replace("stop_sequence", "stop_sequence,shape_dist_traveled")
    for line, miles in ((",a,1", 0), (",b,2", 86), (",c,3", 173)):
        times = times.replace(line, f"{line},{miles}")
    assert "the shape_dist_traveled of 1 routes is in miles" in load(feed(stop_times=times)).notes
    assert row("SELECT distance_m FROM routes") == (278417,)


def test_a_feed_may_lie_in_a_folder_in_a_folder(database: SQLAlchemy) -> None:
    files = packed({**feed(), "__MACOSX/feeds/2026/stops.txt": "x"}, folder="feeds/2026/")
    transactions.run(lambda: service.import_feed(files, ImportOptions()))
    assert row("SELECT count(*) FROM stops") == (3,)


def test_the_calls_at_a_time_of_a_trip_that_deviates_are_sold(database: SQLAlchemy) -> None:
    times = flexible(feed())["stop_times.txt"].replace("T2,,,,1,zone,8:00:00\nT2", "T1")
    assert load(feed(stop_times=times)).notes[0] == "1 calls on demand (GTFS-Flex) are left out"
    assert row("SELECT departures FROM timetables") == ([0, 65, 150],)


CAUSES: dict[str, tuple[Callable[[str], bytes], str]] = {
    "UTF-16": (lambda text: text.encode("utf-16"), "is not in UTF-8, but in UTF-16 or the like"),
    "semicolons": (lambda text: text.replace(",", ";").encode(), "separates its values by semicolons"),
    "tabs": (lambda text: text.replace(",", "\t").encode(), "separates its values by tabs"),
}


@pytest.mark.parametrize("name", CAUSES)
def test_what_is_no_csv_is_told_by_its_cause(name: str, database: SQLAlchemy) -> None:
    change, wrong = CAUSES[name]
    files: dict[str, Any] = feed()
    files["trips.txt"] = change(files["trips.txt"])
    faults = refused(files).faults
    assert [(fault.file, fault.line, fault.wrong) for fault in faults] == [("trips.txt", 1, wrong)]


def test_two_feeds_in_one_zip_and_a_zip_in_a_zip(database: SQLAlchemy) -> None:
    with zipfile.ZipFile(two := io.BytesIO(), "w") as archive:
        for name in ("east/stops.txt", "west/stops.txt"):
            archive.writestr(name, "")
    with pytest.raises(FeedUnreadable, match=r"there are several feeds in the ZIP, in east, west: import one by one"):
        transactions.run(lambda: service.import_feed(two, ImportOptions()))
    with pytest.raises(FeedUnreadable, match=r"unpack it first, there is feed\.zip in it"):
        transactions.run(lambda: service.import_feed(packed({"feed.zip": "x"}), ImportOptions()))


#: Faults of trip T2, of which T1 knows nothing.
SKIPPED: dict[str, tuple[str, str]] = {
    "bad time": ("stop_times.txt", "T2,9h05,9h05,c,2\n"),
    "unknown stop": ("stop_times.txt", "T2,10:00:00,10:00:00,z,2\n"),
    "back in time": ("stop_times.txt", "T2,07:00:00,07:00:00,c,2\n"),
    "no last time": ("stop_times.txt", "T2,,,c,2\n"),
    "too many values": ("stop_times.txt", "T2,9:30:00,9:30:00,c,2,x\n"),
    "no text": ("stop_times.txt", "T2,9:30:00,9:30:00,c\x00,2\n"),
    "in the sea": ("stops.txt", "z,Zeta,0,0\n"),
}


@pytest.mark.parametrize("name", SKIPPED)
def test_bad_trips_are_left_out_when_asked_and_listed(name: str, database: SQLAlchemy) -> None:
    file, line = SKIPPED[name]
    files = adding("trips.txt", "R,DAILY,T2\n")(feed())
    files = adding("stop_times.txt", "T2,08:00:00,08:00:00,a,1\n")(files)
    files = adding("stop_times.txt", "T2,10:00:00,10:00:00,z,2\n" if file == "stops.txt" else line)(files)
    files = adding(file, line)(files) if file == "stops.txt" else files
    listed = refused(files).faults
    report = load(files, skip_faulty=True)
    assert str(listed[0]) in report.left_out
    assert "1 trips with faults are left out: T2" in report.notes
    assert (report.counts["left_out"], report.counts["timetables"]) == (1, 1)
    assert rows("SELECT feed_key FROM timetables") == [("tl:T1:08:00:00",)]


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("calendar_dates.txt", "service_id,date,exception_type\nODD,20261301,1\n"),
        ("calendar.txt", "ODD,1,1,1,1,1,1,1,20270101,20260101\n"),
    ],
)
def test_a_service_with_a_fault_takes_its_trips_along(file: str, line: str, database: SQLAlchemy) -> None:
    files = adding("trips.txt", "R,ODD,T2\n")(adding(file, line)(feed()))
    files = adding("stop_times.txt", "T2,08:00:00,08:00:00,a,1\nT2,10:00:00,10:00:00,c,2\n")(files)
    assert "1 trips with faults are left out: T2" in load(files, skip_faulty=True).notes


def test_what_holds_for_all_trips_is_not_left_out(database: SQLAlchemy) -> None:
    for change in (
        replacing("agency.txt", "Africa/Johannesburg", "Africa/Egoli"),
        replacing("stop_times.txt", "09:05:00", "9h05"),
        adding("fare_attributes.txt", "fare_id,price,currency_type\nf,10,XYZ\n"),
    ):
        with pytest.raises(FeedRefused):
            load(change(feed()), skip_faulty=True)


def test_a_fare_does_not_hold_everywhere_because_its_route_is_left_out(database: SQLAlchemy) -> None:
    files = feed(
        routes=feed()["routes.txt"] + "Q,TL,2,Other,bus\n",
        fare_attributes="fare_id,price,currency_type\nf,10,ZAR\n",
        fare_rules="fare_id,route_id\nf,Q\n",
    )
    load(files, skip_faulty=True)
    assert rows("SELECT price FROM segment_fares") == []


def test_a_killed_import_lets_go_of_its_locks_at_once(database: SQLAlchemy) -> None:
    """The server looks whether the client is there while its statement runs."""
    seen: list[str] = []

    def look(step: str, _done: int, _total: int) -> None:
        if step == "Reading":
            return  # the connection is in a COPY
        seen.append(database.session.connection().exec_driver_sql("SHOW client_connection_check_interval").scalar_one())

    transactions.run(lambda: service.import_feed(packed(feed()), ImportOptions(), look))
    assert seen[-1] == "500ms"
    assert row("SHOW client_connection_check_interval") == ("0",)
