"""Nothing is migrated without a backup, unless somebody says so."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.cli import ScriptInfo
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.bookings.at_stake import bookings_since
from falconbus.platform.backups import dumping, migrating
from falconbus.platform.backups.loading import restore_dump
from falconbus.platform.backups.plan import Plan
from falconbus.platform.database.engine import db
from falconbus.release import release


@pytest.fixture
def plan(app: FalconBus, database: SQLAlchemy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Plan]:
    """The tests' own database, which is to be backed up."""
    settings = replace(app.config["SETTINGS"], backup_enabled=True, backup_dir=tmp_path / "backups", data_dir=tmp_path)
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    yield Plan(settings)
    monkeypatch.setitem(app.config, "SETTINGS", replace(settings, backup_enabled=False))
    _db(app, "upgrade")


def _db(app: FalconBus, *arguments: str) -> Result:
    return CliRunner().invoke(migrating.commands(), arguments, obj=ScriptInfo(create_app=lambda: app))


def _revision() -> str:
    db.session.rollback()
    return str(db.session.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def _end_other_connections(plan: Plan) -> None:
    """Those of the tests before, whose threads are gone."""
    with plan.source.at("postgres").connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [plan.source.name]
        )


def test_a_migration_takes_a_backup_first_and_one_with_nothing_to_do_none(plan: Plan, app: FalconBus) -> None:
    newest = _revision()
    assert _db(app, "upgrade").exit_code == 0
    assert plan.repository.complete() == []
    assert _db(app, "downgrade", "--yes").exit_code == 0
    (taken,) = plan.repository.complete()
    assert (taken.why, taken.migration, taken.kind) == ("before a migration", newest, "dump")
    assert _revision() != newest
    done = _db(app, "upgrade")
    assert (done.exit_code, _revision()) == (0, newest)
    assert "backup before the migration: " in done.output
    assert len(plan.repository.complete()) == 2


def test_without_a_backup_nothing_is_migrated_unless_told_so(plan: Plan, app: FalconBus) -> None:
    newest = _revision()
    plan.settings.backup_dir.write_text("a file in its place")
    refused = _db(app, "downgrade", "--yes")
    assert (refused.exit_code, _revision()) == (1, newest)
    assert "nothing was migrated, as the backup before it failed: cannot use" in refused.output
    assert "--no-backup" in refused.output
    assert _db(app, "downgrade", "--yes", "--no-backup").exit_code == 0
    behind = _revision()
    assert behind != newest
    info = ScriptInfo(create_app=lambda: app)
    assert CliRunner().invoke(release, [], obj=info).exit_code == 1
    assert _revision() == behind


def test_a_dump_of_the_release_before_is_restored_and_migrated(plan: Plan, app: FalconBus) -> None:
    newest = _revision()
    assert _db(app, "downgrade", "--yes", "--no-backup").exit_code == 0
    db.session.rollback()
    taken = plan.take("in a test", print)
    assert taken.migration != newest
    assert _db(app, "upgrade", "--no-backup").exit_code == 0
    db.session.remove()
    db.engine.dispose()
    _end_other_connections(plan)
    aside = restore_dump(plan.source, plan.repository, taken, overwrite=True, at_stake=(bookings_since,), say=print)
    assert aside
    dumping.drop(plan.source, aside)
    assert _revision() == taken.migration
    assert _db(app, "upgrade", "--no-backup").exit_code == 0
    assert _revision() == newest
