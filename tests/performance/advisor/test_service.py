"""Advice from the day it is found until what it did is measured."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.performance.advisor import service
from falconbus.performance.advisor.errors import AdviceNotFound, AdviceNotOpen, StatementNotFound
from falconbus.performance.advisor.models import AdviceState
from falconbus.performance.jobs import ADVISE
from falconbus.platform.jobs import OutboxRow
from falconbus.platform.kit import clock
from falconbus.platform.telemetry import plans
from falconbus.platform.telemetry.models import Resolution
from tests.performance.advisor.conftest import WAREHOUSE

Plant = Callable[[str], None]

STATEMENT = "SELECT quantity FROM movements WHERE item_id = $1"
DEFINITION = "CREATE INDEX CONCURRENTLY ix_movements_item_id ON movements (item_id)"


Recorded = Callable[..., None]


def test_advice_is_kept_with_its_proof_and_what_it_would_save(
    plant: Plant, recorded: Recorded, database: SQLAlchemy
) -> None:
    plant(WAREHOUSE)
    recorded("a1", STATEMENT, calls=200, mean_ms=30)
    recorded("b2", "SELECT 1 FROM movements WHERE id = $1")
    checked = service.advise_on("a1")
    assert (checked.proven, checked.reason) == (1, None)
    [advice] = service.list_advice()
    assert (advice.fingerprint, advice.statement, advice.state) == ("a1", STATEMENT, AdviceState.OPEN)
    assert (advice.table, advice.keys, advice.definition) == ("movements", ["item_id"], DEFINITION)
    assert advice.before_ms > 1.5 * advice.after_ms
    assert advice.factor == pytest.approx(advice.before_ms / max(advice.after_ms, 0.001))
    assert (advice.sample_rows, advice.sample_share) == (80_000, 1.0)
    assert 300_000 < advice.index_bytes < 3_000_000
    assert advice.mean_ms == pytest.approx(30)
    assert advice.calls_per_hour == pytest.approx(100, rel=0.02)
    assert advice.predicted_ms == pytest.approx(30 / advice.factor)
    assert advice.saving_ms_per_hour == pytest.approx(100 * (30 - 30 / advice.factor), rel=0.02)
    assert advice.plan_before["Plan"]["Node Type"] == "Seq Scan"
    assert "ix_movements_item_id" in str(advice.plan_after)
    compile(advice.migration, "migration.py", "exec")
    assert service.list_advice("b2") == []
    service.advise_on("b2")
    again = service.find_check("b2")
    assert again is not None
    assert again.reason == "the indexes that it could use are there already"


def test_the_migration_makes_the_index_and_takes_it_away(
    plant: Plant, recorded: Recorded, database: SQLAlchemy
) -> None:
    plant(WAREHOUSE)
    recorded("a1", STATEMENT)
    service.advise_on("a1")
    module: dict[str, Any] = {}
    exec(service.list_advice()[0].migration, module)  # noqa: S102
    # CONCURRENTLY waits for every transaction that was open before.
    database.session.rollback()
    found = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_movements_item_id')")
    for step, expected in (("upgrade", [True]), ("upgrade", [True]), ("downgrade", [])):
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"transaction_per_migration": True})
            with Operations.context(context), context.begin_transaction(_per_migration=True):
                module[step]()
        assert database.session.scalars(found).all() == expected
        database.session.rollback()


def test_advice_that_is_proven_again_is_one_row_and_withdrawn_when_it_is_not(
    plant: Plant, recorded: Recorded, database: SQLAlchemy
) -> None:
    plant(WAREHOUSE)
    recorded("a1", STATEMENT)
    service.advise_on("a1")
    service.advise_on("a1")
    assert [each.state for each in service.list_advice()] == [AdviceState.OPEN]
    database.session.execute(text("DELETE FROM movements WHERE id > 500; ANALYZE movements"))
    database.session.commit()
    database.session.execute(text("SELECT 1"))
    assert service.advise_on("a1").proven == 0
    assert [each.state for each in service.list_advice()] == [AdviceState.WITHDRAWN]


def test_the_measured_change_stands_beside_the_predicted_one(
    plant: Plant, recorded: Recorded, database: SQLAlchemy
) -> None:
    plant(WAREHOUSE)
    now = clock.now()
    recorded("a1", STATEMENT)
    recorded("a1", STATEMENT, calls=60, mean_ms=30, at=now - timedelta(hours=3), resolution=Resolution.TEN_MINUTES)
    recorded("a1", STATEMENT, calls=60, mean_ms=50, at=now - timedelta(hours=4), resolution=Resolution.TEN_MINUTES)
    recorded("a1", STATEMENT, calls=999, mean_ms=900, at=now - timedelta(days=3), resolution=Resolution.TEN_MINUTES)
    service.advise_on("a1")
    assert service.check_applied() == 0
    database.session.execute(text("CREATE INDEX somebody_elses_name ON movements (item_id, bin_id)"))
    assert service.check_applied() == 1
    database.session.commit()
    [advice] = service.list_advice()
    assert advice.state is AdviceState.APPLIED
    assert advice.applied_at is not None
    assert (advice.measured_before_ms, advice.measured_after_ms, advice.measured_calls) == (40.0, None, 0)
    recorded("a1", STATEMENT, calls=70, mean_ms=0.5, at=advice.applied_at, resolution=Resolution.TEN_MINUTES)
    assert service.check_applied() == 0
    [advice] = service.list_advice()
    assert (advice.measured_before_ms, advice.measured_after_ms, advice.measured_calls) == (40.0, 0.5, 70)
    # What is applied is not proven any more, and stays applied.
    assert service.advise_on("a1").proven == 0
    assert [each.state for each in service.list_advice()] == [AdviceState.APPLIED]


def test_a_partial_or_another_tables_index_is_not_taken_for_it(
    plant: Plant, recorded: Recorded, database: SQLAlchemy
) -> None:
    plant(WAREHOUSE)
    recorded("a1", STATEMENT)
    service.advise_on("a1")
    database.session.execute(text("CREATE INDEX part ON movements (item_id) WHERE quantity > 3"))
    database.session.execute(text("CREATE INDEX other ON movements (bin_id, item_id)"))
    assert service.check_applied() == 0


def test_dismissed_advice_does_not_come_back(plant: Plant, recorded: Recorded, database: SQLAlchemy) -> None:
    plant(WAREHOUSE)
    recorded("a1", STATEMENT)
    service.advise_on("a1")
    [advice] = service.list_advice()
    service.dismiss(advice.id)
    service.advise_on("a1")
    assert [each.state for each in service.list_advice()] == [AdviceState.DISMISSED]
    with pytest.raises(AdviceNotOpen):
        service.dismiss(advice.id)
    with pytest.raises(AdviceNotFound):
        service.dismiss(advice.id + 1)


def test_beat_looks_at_what_scans_or_is_slow_once_a_day(plant: Plant, recorded: Recorded, database: SQLAlchemy) -> None:
    plant(WAREHOUSE)
    recorded("scans", STATEMENT, mean_ms=3)
    recorded("small", "SELECT id FROM bins WHERE aisle = $1", mean_ms=3)
    recorded("quick", "SELECT id FROM movements WHERE id = $1", mean_ms=0.1)
    recorded("slow", "SELECT nonsense FROM movements", mean_ms=300)
    recorded("old", "SELECT nonsense FROM movements", mean_ms=300, at=clock.now() - timedelta(days=2))
    plans.explain_slow()
    assert service.advise() == 2
    assert service.find_check("quick") is None
    assert service.find_check("small") is None
    assert service.find_check("old") is None
    slow = service.find_check("slow")
    assert slow is not None
    assert slow.reason == "it compares, joins and sorts by nothing that an index could serve"
    assert [each.fingerprint for each in service.list_advice()] == ["scans"]
    assert service.advise() == 0
    assert service.advise(seconds=0) == 0


def test_the_button_asks_for_a_job_that_is_done_once(plant: Plant, recorded: Recorded, database: SQLAlchemy) -> None:
    plant(WAREHOUSE)
    recorded("a1", STATEMENT)
    service.request_advice("a1")
    database.session.commit()
    [row] = database.session.query(OutboxRow).all()
    assert (row.job, row.arguments) == (ADVISE.name, {"fingerprint": "a1"})
    service.run_advice("a1", row.id)
    database.session.commit()
    database.session.refresh(row)
    assert row.done_at is not None
    assert len(service.list_advice()) == 1
    with pytest.raises(StatementNotFound):
        service.request_advice("unknown")
