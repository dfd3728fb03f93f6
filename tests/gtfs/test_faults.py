"""Faults: each is told with its file and line, and a feed that has one leaves nothing behind."""

from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy

from tests.gtfs.faulty import FAULTS, replacing
from tests.gtfs.feeds import feed, load, refused, rows


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_place(name: str, database: SQLAlchemy) -> None:
    change, file, line, wrong = FAULTS[name]
    report = refused(change(feed()))
    assert [(fault.file, fault.line) for fault in report.faults if wrong in fault.wrong] == [(file, line)], (
        report.faults
    )
    assert all(fault.remedy for fault in report.faults)


def test_a_line_is_the_files_even_after_line_ends_within_quotes(database: SQLAlchemy) -> None:
    stops = 'stop_id,stop_name,stop_lat,stop_lon\n\na,"Alpha\nStation",-26,28\nb,Beta,-25,28\nc,Gamma,-924,28\n'
    (fault,) = refused(feed(stops=stops)).faults
    assert (fault.file, fault.line) == ("stops.txt", 6)


def test_the_first_hundred_faults_are_listed_and_all_counted(database: SQLAlchemy) -> None:
    bad = "".join(f"s{number},Stop,-95,28\n" for number in range(250))
    report = refused(feed(stops=feed()["stops.txt"] + bad))
    assert (len(report.faults), report.fault_count) == (100, 250)


def test_a_value_is_shown_cut_short(database: SQLAlchemy) -> None:
    (fault,) = refused(replacing("stops.txt", "-25.0", "9" * 500)(feed())).faults
    assert len(fault.wrong) < 80


def test_nothing_is_left_of_a_feed_that_fails_late(database: SQLAlchemy) -> None:
    before = rows("SELECT relname FROM pg_class WHERE relname LIKE 'feed\\_%' AND relpersistence = 't'")
    refused(FAULTS["two currencies"][0](feed()))
    counted = ("stops", "routes", "buses", "calendars", "timetables", "schedules", "seat_layouts")
    assert {table: rows(f"SELECT count(*) FROM {table}") for table in counted} == {table: [(0,)] for table in counted}
    assert rows("SELECT relname FROM pg_class WHERE relname LIKE 'feed\\_%' AND relpersistence = 't'") == before == []


def test_a_feed_that_fails_leaves_the_last_version_as_it_was(database: SQLAlchemy) -> None:
    load(feed())
    before = state()
    with pytest.raises(AssertionError):
        refused(FAULTS["bad time"][0](feed()))
    assert state() == before


def state() -> dict[str, Any]:
    tables = ("stops", "routes", "route_stops", "calendars", "timetables", "schedules", "buses")
    return {table: rows(f"SELECT {table}::text FROM {table} ORDER BY 1") for table in tables}
