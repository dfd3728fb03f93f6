"""Whatever happens to a proof: nothing of it is seen, nothing of it stays, and no value is kept."""

import json
import threading
import time
from collections.abc import Callable

import psycopg
import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.performance.advisor import index_trial
from falconbus.performance.advisor.index_trial import APPLICATION, try_indexes
from falconbus.performance.advisor.plans import masked
from tests.performance.advisor.conftest import CLINIC, WAREHOUSE, everything

Plant = Callable[[str], None]

STATEMENT = "SELECT quantity FROM movements WHERE item_id = $1"
# A nested loop over the copy: long enough to be met in the middle.
SLOW = "SELECT count(*) FROM movements a, movements b WHERE a.item_id = $1 AND a.quantity < b.quantity + a.id"
_AT_WORK = text("""
    SELECT pid FROM pg_stat_activity
    WHERE application_name = :name AND datname = current_database() AND query LIKE 'EXPLAIN (ANALYZE%'
""")


def test_nothing_is_left_after_a_success_and_after_a_failure(plant: Plant, database: SQLAlchemy) -> None:
    plant(WAREHOUSE)
    before = everything(database)
    assert try_indexes(STATEMENT).improvement is not None
    assert everything(database) == before
    # It fails in the middle: on the copy, with the values that were drawn.
    failed = try_indexes("SELECT 1 / (quantity - quantity) FROM movements WHERE item_id = $1")
    assert failed.improvement is None
    assert failed.reason == "it cannot be run with values from its tables (SQLSTATE 22012)"
    assert everything(database) == before
    with database.engine.connect() as connection:
        assert connection.scalar(text("SHOW search_path")) == '"$user", public'
        assert connection.scalar(text("SHOW statement_timeout")) == "5s"


def test_time_that_runs_out_is_a_reason(plant: Plant, database: SQLAlchemy) -> None:
    plant(WAREHOUSE)
    before = everything(database)
    outcome = try_indexes(STATEMENT, seconds=0.01)
    assert outcome.reason == "there was not enough time to try it out"
    assert everything(database) == before


def test_two_proofs_do_not_measure_each_other(plant: Plant, database: SQLAlchemy, app: FalconBus) -> None:
    plant(WAREHOUSE)
    done: list[str] = []

    def work() -> None:
        with app.app_context():
            try_indexes(STATEMENT)
            done.append("proof")

    with database.engine.connect() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(hashtext('falconbus: the advisor'))"))
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(0.5)
        assert not done
        other.rollback()
        thread.join(30)
    assert done == ["proof"]


def test_a_locked_table_is_a_reason_and_is_not_waited_for(plant: Plant, database: SQLAlchemy) -> None:
    plant(WAREHOUSE)
    with database.engine.connect() as other:
        other.execute(text("LOCK TABLE movements IN ACCESS EXCLUSIVE MODE"))
        outcome = try_indexes(STATEMENT)
        other.rollback()
    assert outcome.reason == "a table that it reads is locked at the moment"


def test_nothing_is_seen_meanwhile_nor_left_when_the_backend_is_killed(
    plant: Plant, database: SQLAlchemy, app: FalconBus
) -> None:
    plant(WAREHOUSE)
    before = everything(database)
    faults: list[BaseException] = []

    def work() -> None:
        with app.app_context():
            try:
                # A nested loop over the copy: long enough to be met in the middle.
                try_indexes(SLOW)
            except psycopg.OperationalError as fault:
                faults.append(fault)

    thread = threading.Thread(target=work)
    thread.start()
    _kill(database, before)
    thread.join(30)
    assert not thread.is_alive()
    assert len(faults) == 1
    assert everything(database) == before
    # The pool has let go of the dead connection.
    assert try_indexes(STATEMENT).improvement is not None


def _kill(database: SQLAlchemy, before: list[str]) -> None:
    """End the advisor's backend once it has made its copy; until then, and while it runs, others see nothing."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with database.engine.connect() as connection:
            running = connection.scalar(_AT_WORK, {"name": APPLICATION})
            if running is not None:
                assert everything(database) == before
                connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": running})
                return
        time.sleep(0.02)
    pytest.fail("the advisor was never seen at work")


def test_no_value_is_in_a_plan(plant: Plant, database: SQLAlchemy) -> None:
    plant(CLINIC)
    outcome = try_indexes(
        "SELECT id FROM clinic.patients WHERE lower(e_mail) = $1 AND id > 1234 AND \"Surname\" LIKE 'Name%'"
    )
    assert outcome.improvement is not None
    for plan in (outcome.improvement.before.plan, outcome.improvement.after.plan):
        shown = json.dumps(plan)
        assert "lower" in shown
        for value in ("linic.example", "1234", "Name%", "advice_"):
            assert value not in shown


def test_masking_knows_the_ways_in_which_postgresql_writes_values() -> None:
    plan = {
        "Node Type": "Index Scan",
        "Index Name": "ix_2024",
        "Schema": "advice_12",
        "Index Cond": "((t2.a1 = 42) AND (b = 'it''s'::text) AND (c = ANY ('{1,2}'::int[])) AND (d > '-1.5'::numeric))",
        "Filter": "((e = -7) AND (f < 1.5e10) AND (g = $0) AND (h = B'01'::bit))",
        "Plans": [{"Sort Key": ["(i + 3) DESC"]}],
        "Plan Rows": 5,
    }
    assert masked(plan) == {
        "Node Type": "Index Scan",
        "Index Name": "ix_2024",
        "Index Cond": "((t2.a1 = ?) AND (b = ?::text) AND (c = ANY (?::int[])) AND (d > ?::numeric))",
        "Filter": "((e = ?) AND (f < ?) AND (g = $0) AND (h = ?::bit))",
        "Plans": [{"Sort Key": ["(i + ?) DESC"]}],
        "Plan Rows": 5,
    }


def test_the_proof_has_a_connection_of_its_own(plant: Plant, database: SQLAlchemy) -> None:
    plant("CREATE TABLE notes (id integer)")
    database.session.execute(text("INSERT INTO notes VALUES (1)"))
    assert index_trial.try_indexes("SELECT id FROM notes WHERE id = $1").improvement is None
    database.session.commit()
    assert database.session.scalar(text("SELECT count(*) FROM notes")) == 1
