"""Migrations: one head, there and back and there again, no drift from the models, nothing that locks for long."""

import subprocess
import sys
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from falconbus.app import FalconBus
from falconbus.performance.health.service import code_heads
from falconbus.platform.database.engine import db

ROOT = Path(__file__).parents[2]
MIGRATIONS = str(ROOT / "migrations")


def test_there_is_one_head_and_health_knows_it() -> None:
    heads = ScriptDirectory(MIGRATIONS).get_heads()
    assert len(heads) == 1
    assert code_heads(MIGRATIONS) == set(heads)


def test_up_down_up_leaves_no_trace_and_no_drift(app: FalconBus) -> None:
    with app.app_context():
        flask_migrate.downgrade(directory=MIGRATIONS, revision="base")
        assert inspect(db.engine).get_table_names() == ["alembic_version"]
        flask_migrate.upgrade(directory=MIGRATIONS)
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, db.metadata) == []


def test_the_constraints_of_the_models_are_those_of_the_database(app: FalconBus) -> None:
    """Autogenerate is blind to check constraints and to INCLUDE: they are compared by name here."""
    expected = {
        str(constraint.name)
        for table in db.metadata.sorted_tables
        for constraint in table.constraints
        if constraint.name is not None
    }
    with app.app_context(), db.engine.connect() as connection:
        found = set(
            connection.scalars(
                text("SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'")
            )
        )
        claims = connection.scalar(text("SELECT indexdef FROM pg_indexes WHERE indexname = 'pk_seat_claims'"))
    assert found - {"alembic_version_pkc"} == expected
    assert "INCLUDE (held_until)" in str(claims)


def test_the_sql_of_migrations_is_safe_to_run(app: FalconBus, tmp_path: Path, capfd: object) -> None:
    """squawk reads what the migrations after the first release would run; the first ones only make empty tables."""
    squawk = Path(sys.executable).with_name("squawk")
    with app.app_context():
        flask_migrate.upgrade(directory=MIGRATIONS, sql=True, revision="head")
    sql = capfd.readouterr().out  # type: ignore[attr-defined]
    assert "CREATE TABLE bookings" in sql
    script = tmp_path / "migrations.sql"
    script.write_text(sql[sql.index("BEGIN;") :])
    done = subprocess.run(
        [squawk, "--config", str(ROOT / "migrations" / ".squawk.toml"), str(script)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("revision", ["0017", "0020"])
def test_a_migration_that_commits_before_it_ends_can_be_run_again(revision: str, app: FalconBus) -> None:
    """What it has done is there, and its version is not recorded: as after a stop at its last statement."""
    before = str(ScriptDirectory(MIGRATIONS).get_revision(revision).down_revision)
    with app.app_context():
        flask_migrate.stamp(directory=MIGRATIONS, revision=before)
        flask_migrate.upgrade(directory=MIGRATIONS, revision=revision)
        flask_migrate.downgrade(directory=MIGRATIONS, revision=before)
        flask_migrate.stamp(directory=MIGRATIONS, revision=revision)
        flask_migrate.downgrade(directory=MIGRATIONS, revision=before)
        flask_migrate.upgrade(directory=MIGRATIONS)
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, db.metadata) == []
            broken = "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"
            assert connection.scalars(text(broken)).all() == []


def test_no_migration_imports_the_models() -> None:
    for path in Path(MIGRATIONS).glob("versions/*.py"):
        assert "falconbus" not in path.read_text()
