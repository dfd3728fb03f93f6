"""A base backup of the release before is restored, and its tables brought to this one, as `up` does."""

from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from falconbus.app import FalconBus, create_app
from falconbus.platform.backups import migrating
from falconbus.platform.backups.manifest import FULL
from falconbus.platform.backups.moments import Target
from falconbus.platform.backups.plan import Plan
from falconbus.platform.backups.restoring import Restoring
from falconbus.platform.database.engine import db
from falconbus.release import install
from tests.platform.backups.line import Line, copy_tables, disconnect, every_row, sql


def _serve(environment: dict[str, str], plan: Plan) -> FalconBus:
    served = create_app(plan.settings.from_environment({**environment, "DATABASE_URL": plan.settings.database_url}))
    install(served)
    return served


def _db(served: Flask, *arguments: str) -> None:
    done = CliRunner().invoke(
        migrating.commands(), [*arguments, "--no-backup"], obj=ScriptInfo(create_app=lambda: served)
    )
    assert done.exit_code == 0, done.output
    disconnect(served)


def test_a_base_backup_of_the_release_before_is_restored_and_migrated(
    app: Flask, environment: dict[str, str], line: Line
) -> None:
    with app.app_context():
        own = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with line.server() as plan:
        copy_tables(own, plan)
        served = _serve(environment, plan)
        newest = sql(plan, "SELECT version_num FROM alembic_version")
        _db(served, "downgrade", "--yes")
        taken, before = line.take(plan), every_row(plan)
        sql(plan, "DROP TABLE tickets CASCADE")
    assert taken.kind == FULL
    assert taken.migration != newest
    Restoring(plan.data, plan.repository, line.said.append).restore(taken.name, Target(), overwrite=True)
    with line.server() as plan:
        assert every_row(plan) == before
        _db(_serve(environment, plan), "upgrade")
        assert sql(plan, "SELECT version_num FROM alembic_version") == newest
