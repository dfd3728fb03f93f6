"""Slow statements are planned without a value, harm nothing, and are asked about once a day."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import Row, text

from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.platform.telemetry import plans, rollup, store
from falconbus.platform.telemetry.minute_counts import Key, Minute, Series, Statement
from falconbus.platform.telemetry.plans import Unexplained, explain
from tests.counting import statements
from tests.platform.telemetry.minutes import minute_ago, series
from tests.world import World

STOP = "SELECT name FROM stops WHERE code = $1 AND name <> '100 % ; -- no'"


def record(redis: Redis, *sent: tuple[str, list[str], int]) -> None:
    """Statements by text, types and milliseconds, as a process would have seen them, rolled up."""
    found: dict[Key, Series] = {}
    known: dict[str, Statement] = {}
    for number, (sql, types, milliseconds) in enumerate(sent):
        known[f"{number:016}"] = Statement(sql, types, [])
        for origin in ("a.py:1 f", "b.py:2 g"):
            found["statement", "GET /", f"{number:016}", origin] = series(milliseconds * 500)
    store.write(redis, "web-1", {minute_ago(5): Minute("one", found, [], known)})
    assert transactions.run(rollup.roll_up) == 1


def planned(database: SQLAlchemy) -> list[Row[Any]]:
    database.session.rollback()
    return list(database.session.execute(text("SELECT * FROM telemetry_statements ORDER BY fingerprint")))


def test_a_slow_statement_gets_its_plan_and_a_broken_one_its_reason(
    redis: Redis, database: SQLAlchemy, world: World
) -> None:
    record(
        redis,
        ("SELECT name FROM stops WHERE code = $1", ["text"], 50),
        ("SELECT $1 + $2", ["bigint", "bigint"], 40),
        ("SELECT gone FROM nowhere WHERE id = $1", ["bigint"], 30),
    )
    assert transactions.run(plans.explain_slow) == 3
    good, ambiguous, broken = planned(database)
    assert good.plan["Plan"]["Node Type"]
    assert "stops" in str(good.plan)
    assert good.plan_fault is None
    assert good.planned_at is not None
    assert ambiguous.plan["Plan"]["Node Type"] == "Result", "planned with the types that were recorded"
    assert (broken.plan, broken.plan_fault) == (None, 'relation "nowhere" does not exist')


def test_a_statement_is_planned_once_a_day_the_heaviest_first(redis: Redis, database: SQLAlchemy) -> None:
    record(redis, *[(f"SELECT {number} FROM stops", [], number + 1) for number in range(25)])
    assert transactions.run(plans.explain_slow) == 20
    assert [row.planned_at is not None for row in planned(database)] == [False] * 5 + [True] * 20
    assert transactions.run(plans.explain_slow) == 5
    assert transactions.run(plans.explain_slow) == 0
    with time_machine.travel(clock.now() + timedelta(days=1, hours=2)):
        assert transactions.run(plans.explain_slow) == 0, "nobody sends them any more"
        record(redis, ("SELECT 0 FROM stops", [], 1), ("SELECT 1 FROM routes", [], 1))
        assert transactions.run(plans.explain_slow) == 2
    assert "routes" in str(planned(database)[1].plan), "the plan of the statement as it is now"


def test_nothing_is_run_and_the_transaction_stays_as_it_was(database: SQLAlchemy, world: World) -> None:
    timeout = database.session.scalar(text("SHOW statement_timeout"))
    database.session.execute(text("CREATE TEMPORARY TABLE mine (id int) ON COMMIT DROP"))
    for sql in (
        "DELETE FROM stops WHERE id > $1",
        "UPDATE stops SET name = $1",
        "WITH gone AS (DELETE FROM stops RETURNING id) SELECT * FROM gone",
        "INSERT INTO mine (id) VALUES ($1) RETURNING id",
        "/* why */ (SELECT 1) -- because\n;",
    ):
        assert explain(sql)["Plan"]["Node Type"], sql
    with pytest.raises(Unexplained):
        explain("SELECT nothing FROM nowhere")
    assert database.session.scalar(text("SHOW statement_timeout")) == timeout
    assert database.session.scalar(text("SELECT count(*) FROM mine")) == 0
    assert database.session.scalar(text("SELECT count(*) FROM stops WHERE name <> 'x'")) > 0


@pytest.mark.parametrize(
    "sql",
    ["ANALYZE stops", "DROP TABLE stops", "SELECT 1; DROP TABLE stops", "SET statement_timeout = 0", "", "SELECTED"],
)
def test_only_a_single_query_is_sent(sql: str, database: SQLAlchemy) -> None:
    with statements() as sent, pytest.raises(Unexplained):
        explain(sql)
    assert sent == []


@pytest.mark.parametrize("name", ["int) AS x) DROP TABLE stops; --", "bigint; SELECT 1", "no_such_type"])
def test_a_type_is_a_name_or_nothing(name: str, database: SQLAlchemy) -> None:
    with statements() as sent, pytest.raises(Unexplained, match=r"operator is not unique|does not exist"):
        explain("SELECT $1 + $2", [name, ""])
    assert not any("DROP" in one or "SELECT 1" in one for one in sent)


def test_percent_signs_mean_themselves(database: SQLAlchemy) -> None:
    plan = explain("SELECT name FROM stops WHERE name LIKE '%s %(x)s %' AND id % $1 = 0", ["bigint"])
    assert "%s %(x)s %" in str(plan)
