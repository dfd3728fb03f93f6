"""`perf indexes` and `perf analyze-queries` as a person calls them."""

import json
from collections.abc import Callable

from click.testing import Result
from flask_sqlalchemy import SQLAlchemy

from falconbus.app import FalconBus
from falconbus.performance.commands import perf
from falconbus.platform.telemetry.models import Resolution
from tests.performance.advisor.conftest import WAREHOUSE

Plant = Callable[[str], None]
STATEMENT = "SELECT quantity FROM movements WHERE item_id = $1"


def run(app: FalconBus, *arguments: str, stdin: str = "") -> Result:
    return app.test_cli_runner().invoke(perf, arguments, input=stdin)


def test_a_statement_from_standard_input_with_values_or_without(plant: Plant, app: FalconBus) -> None:
    plant(WAREHOUSE)
    for statement in (STATEMENT, "SELECT quantity FROM movements WHERE item_id = 4711;"):
        done = run(app, "indexes", "--statement", "-", stdin=statement)
        assert done.exit_code == 0
        assert "CREATE INDEX CONCURRENTLY ix_movements_item_id ON movements (item_id);" in done.output
        assert "times as quick" in done.output
    answer = json.loads(run(app, "indexes", "--statement", "-", "--json", stdin=STATEMENT).output)
    assert answer["indexes"][0]["definition"].endswith("ON movements (item_id)")
    assert answer["reason"] is None


def test_a_statement_that_will_not_do_gets_its_reason_in_one_line(plant: Plant, app: FalconBus) -> None:
    done = run(app, "indexes", "--statement", "-", stdin="DROP TABLE users")
    assert (done.exit_code, done.output) == (0, "No index: only a SELECT, UPDATE or DELETE is looked at\n")
    empty = run(app, "indexes", "--statement", "-", stdin="  ")
    assert empty.exit_code == 1
    assert empty.output.startswith("Error: there is no statement")
    missing = run(app, "indexes", "--statement", "/nowhere/at/all.sql")
    assert missing.exit_code == 2
    assert "No such file" in missing.output


def test_indexes_of_a_database_that_nobody_has_used(app: FalconBus) -> None:
    done = run(app, "indexes")
    assert done.exit_code == 0
    assert "Indexes that would help: no slow statement of the recorder would gain from one" in done.output
    assert json.loads(run(app, "indexes", "--json").output)["findings"] == []


def test_indexes_tells_proven_advice_and_planted_trouble(
    plant: Plant, recorded: Callable[..., None], app: FalconBus
) -> None:
    plant(WAREHOUSE)
    plant("CREATE INDEX ix_bins_one ON bins (aisle); CREATE INDEX ix_bins_two ON bins (aisle)")
    recorded("a1", STATEMENT, mean_ms=40)
    recorded("b2", "SELECT nonsense FROM movements", mean_ms=40)
    done = run(app, "indexes")
    assert done.exit_code == 0
    assert "CREATE INDEX CONCURRENTLY ix_movements_item_id ON movements (item_id)" in done.output
    assert "nonsense" in done.output
    duplicates = done.output.partition("Duplicate:")[2].partition("Foreign keys")[0]
    assert "ix_bins_two" in duplicates
    assert "ix_bins_one" in duplicates


def test_analyze_queries_says_what_to_do_when_nothing_was_counted(app: FalconBus) -> None:
    done = run(app, "analyze-queries")
    assert done.exit_code == 0
    assert done.output.startswith("Source: recorder since ")
    assert "Nothing has been counted yet" in done.output


def test_analyze_queries_in_four_ways(recorded: Callable[..., None], app: FalconBus, database: SQLAlchemy) -> None:
    recorded("a1", "SELECT often", calls=10_000, mean_ms=0.1, resolution=Resolution.TEN_MINUTES)
    recorded("b2", "SELECT slow", calls=2, mean_ms=300, resolution=Resolution.TEN_MINUTES)
    recorded("c3", "SELECT heavy", calls=1_000, mean_ms=20, resolution=Resolution.TEN_MINUTES)
    answer = json.loads(run(app, "analyze-queries", "--json", "--limit", "2").output)
    assert answer["source"] == "recorder"
    assert [each["text"] for each in answer["slowest"]] == ["SELECT slow", "SELECT heavy"]
    assert [each["text"] for each in answer["most_frequent"]] == ["SELECT often", "SELECT heavy"]
    assert [each["text"] for each in answer["most_time"]] == ["SELECT heavy", "SELECT often"]
    assert answer["repeated"][0]["origins"] == ["falconbus/x.py:1 x"]
    table = run(app, "analyze-queries").output
    assert "Sent again in one request (N+1, from the recorder):" in table
    assert "1,000" in table
    assert "Nothing has been counted" in run(app, "analyze-queries", "--last", "15m").output


def test_a_time_that_is_none_gets_one_clear_line(app: FalconBus) -> None:
    for wrong in ("yesterday", "0h", "-1d", "99999d", "24"):
        done = run(app, "analyze-queries", f"--last={wrong}")
        assert done.exit_code == 2
        assert "is no time: write 30m, 24h or 7d, at most 730d" in done.output
    assert run(app, "analyze-queries", "--limit", "0").exit_code == 2
