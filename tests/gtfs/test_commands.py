"""`falcon gtfs import`, `falcon demo load` and `falcon timetable extend`."""

from pathlib import Path

import pytest
from click.testing import Result
from flask_sqlalchemy import SQLAlchemy

from falconbus.app import FalconBus
from falconbus.gtfs import commands
from falconbus.network.defaults import ensure_defaults
from falconbus.timetable.commands import timetable
from tests.gtfs.feeds import feed, packed, row, rows


@pytest.fixture
def zipped(tmp_path: Path) -> Path:
    place = tmp_path / "feed.zip"
    place.write_bytes(packed(feed()).getvalue())
    return place


def gtfs(app: FalconBus, *arguments: str | Path) -> Result:
    return app.test_cli_runner().invoke(commands.gtfs, ["import", *map(str, arguments)])


def test_an_import_prints_what_it_counted(app: FalconBus, database: SQLAlchemy, zipped: Path) -> None:
    done = gtfs(app, zipped)
    assert done.exit_code == 0, done.output
    assert "Imported the feed tl in " in done.stdout
    assert "          3 stops\n          1 routes (stop patterns)\n" in done.stdout
    assert "Reading ...\nChecking ...\n" in done.stderr
    assert row("SELECT count(*) FROM stops") == (3,)


def test_the_options_reach_the_import(app: FalconBus, database: SQLAlchemy, zipped: Path) -> None:
    done = gtfs(
        app, zipped, "--feed", "north", "--layout", "sleeper-36", "--currency", "USD", "--price-per-km", "1",
        "--horizon-days", "3", "--shift-dates",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert row("SELECT number FROM buses") == ("NORTH-001",)
    assert row("SELECT base_price, currency FROM routes") == (27800, "USD")
    assert row("SELECT count(*) BETWEEN 3 AND 4 FROM schedules") == (True,)


def test_faults_are_printed_line_by_line(app: FalconBus, database: SQLAlchemy, tmp_path: Path) -> None:
    place = tmp_path / "feed.zip"
    place.write_bytes(packed(feed(stops=feed()["stops.txt"] + "d,Delta,-95,28\n")).getvalue())
    done = gtfs(app, place)
    assert done.exit_code == 1
    assert 'stops.txt:5: stop_lat "-95" is out of range; write degrees from -90 to 90\n' in done.stderr
    assert "Error: the feed has a fault; nothing was imported" in done.stderr


def test_what_is_no_feed_is_one_line_and_exit_code_1(app: FalconBus, database: SQLAlchemy, tmp_path: Path) -> None:
    (tmp_path / "letter.zip").write_text("Dear Sir")
    for place in (tmp_path / "letter.zip", tmp_path / "nothing.zip"):
        done = gtfs(app, place)
        assert done.exit_code == 1
        assert len([line for line in done.stderr.splitlines() if not line.endswith("...")]) == 1


def test_an_option_that_will_not_do_is_named(app: FalconBus, database: SQLAlchemy, zipped: Path) -> None:
    done = gtfs(app, zipped, "--price-per-km", "much")
    assert done.exit_code == 1
    assert "Error: --price-per-km is not a price such as 0.75" in done.stderr


def test_the_demo_is_loaded_once(app: FalconBus, database: SQLAlchemy) -> None:
    first = app.test_cli_runner().invoke(commands.demo, ["load"])
    assert first.exit_code == 0, first.output
    assert row("SELECT count(*) > 20, bool_and(active) FROM routes") == (True, True)
    assert row("SELECT DISTINCT l.code FROM buses b JOIN seat_layouts l ON l.id = b.layout_id") == ("coach-49-comfort",)
    assert row("SELECT count(*) FROM users JOIN licences ON staff_id = users.id WHERE 'driver' = ANY (roles)") == (2,)
    assert row("SELECT count(*), count(DISTINCT currency) FROM services") == (4, 1)
    before = row("SELECT count(*), max(id) FROM schedules")
    again = app.test_cli_runner().invoke(commands.demo, ["load"])
    assert "There is a network already" in again.stdout
    assert row("SELECT count(*), max(id) FROM schedules") == before


def test_schedules_are_extended_by_hand(app: FalconBus, database: SQLAlchemy, zipped: Path) -> None:
    gtfs(app, zipped, "--horizon-days", "3")
    done = app.test_cli_runner().invoke(timetable, ["extend"])
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith(" departures made\n")
    assert row("SELECT count(*) >= 60 FROM schedules") == (True,)


def test_the_defaults_may_be_ensured_again_and_what_was_changed_stays(database: SQLAlchemy) -> None:
    ensure_defaults()
    database.session.connection().exec_driver_sql("DELETE FROM seats WHERE number = '49'")
    database.session.connection().exec_driver_sql("UPDATE fare_classes SET price_percent = 140 WHERE code = 'comfort'")
    ensure_defaults()
    database.session.commit()
    assert rows("SELECT code, price_percent FROM fare_classes ORDER BY id") == [
        ("standard", 100),
        ("comfort", 140),
        ("sleeper", 200),
    ]
    assert rows(
        "SELECT l.code, capacity, count(*), count(DISTINCT (s.row, s.column)),"
        " count(*) FILTER (WHERE c.code = 'comfort')"
        " FROM seat_layouts l JOIN seats s ON s.layout_id = l.id JOIN fare_classes c ON c.id = s.fare_class_id"
        " GROUP BY l.id ORDER BY l.id"
    ) == [("coach-49", 49, 48, 48, 0), ("coach-49-comfort", 49, 48, 48, 12), ("sleeper-36", 36, 36, 36, 0)]
