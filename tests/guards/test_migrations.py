"""Migrations: one head, there and back and there again, no drift from the models, nothing that locks for long."""

import subprocess
import sys
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import inspect, text

from falconbus.app import FalconBus
from falconbus.platform.database.engine import db
from falconbus.platform.database.revisions import code_heads
from tests.calls import booking_body
from tests.world import World

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


@pytest.mark.parametrize("revision", ["0017", "0020", "0021", "0022", "0023", "0024", "0026"])
def test_a_migration_that_commits_before_it_ends_can_be_run_again(revision: str, app: FalconBus) -> None:
    """What it has done is there, and its version is not recorded: as after a stop at its last statement."""
    before = str(ScriptDirectory(MIGRATIONS).get_revision(revision).down_revision)
    with app.app_context():
        flask_migrate.downgrade(directory=MIGRATIONS, revision=revision)
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


def test_answers_kept_by_the_release_before_lose_their_tokens_and_nothing_else(
    world: World, client: FlaskClient, database: SQLAlchemy, app: FalconBus
) -> None:
    """They are replayed all the same: what is taken out is made again."""
    body = booking_body(world.add_schedule().id)
    body["passengers"][0]["name"] = 'Zoë "manage_token":"fbm_x"'
    before = str(ScriptDirectory(MIGRATIONS).get_revision("0020").down_revision)
    answers = {}
    for key in ("sixteen of the one", "sixteen of the other"):
        answers[key] = client.post("/api/v1/bookings", json=body, headers={"Idempotency-Key": key})
        kept = {"body": answers[key].data, "key": key}
        database.session.execute(text("UPDATE idempotency_keys SET body = :body WHERE key = :key"), kept)
    database.session.execute(
        text("""
        INSERT INTO idempotency_keys
        SELECT caller, 'sixteen of a payment', request_hash, 204, content_type, '', created_at
        FROM idempotency_keys LIMIT 1
    """)
    )
    database.session.commit()
    flask_migrate.downgrade(directory=MIGRATIONS, revision=before)
    flask_migrate.upgrade(directory=MIGRATIONS)
    found = database.session.execute(text("SELECT key, convert_from(body, 'UTF8') AS body FROM idempotency_keys"))
    rows = {row.key: row.body for row in found}
    assert rows.pop("sixteen of a payment") == ""
    for key, answer in answers.items():
        assert rows[key] == answer.text.replace(answer.json["manage_token"], "")
        again = client.post("/api/v1/bookings", json=body, headers={"Idempotency-Key": key})
        assert (again.data, again.headers["Idempotency-Replayed"]) == (answer.data, "true")


def test_no_migration_imports_the_models() -> None:
    for path in Path(MIGRATIONS).glob("versions/*.py"):
        assert "falconbus" not in path.read_text()
