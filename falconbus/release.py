"""What a host runs before the new code serves: migrations, the first admin, the schedules of the horizon."""

import click
import flask_migrate
from flask import Flask, current_app
from flask.cli import with_appcontext

from falconbus.accounts.commands import ensure_admin
from falconbus.network import service as network
from falconbus.platform.backups import migrating
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.api_docs import document_text
from falconbus.scheduling.appointments import departures


def install(app: Flask) -> None:
    """Give an app the commands of who runs it: `release`, `db ...` and more. Alembic is no business of the web's."""
    flask_migrate.Migrate(app, db, directory=app.config["MIGRATIONS"], compare_type=True)
    app.cli.add_command(release)
    app.cli.add_command(openapi)
    app.cli.add_command(database_url)


@click.command("release", params=[migrating.no_backup_option()])
@with_appcontext
@click.pass_context
def release(context: click.Context, *, no_backup: bool) -> None:
    """Migrate the database, make the first admin, fold names of stops, extend the schedules; safe to run again."""
    if not no_backup:
        migrating.back_up_first(only_if_pending=True)
    flask_migrate.upgrade()
    current_app.logger.info("the database has the migrations of this code")
    if not context.invoke(ensure_admin):
        click.echo("admin sign-in: as shown at the first start (./falcon user set-password EMAIL makes another)")
    transactions.run(network.refold_stops)
    made = transactions.run(departures.make_schedules)
    click.echo(f"schedules: {made} made up to the horizon")


@click.command("database-url")
@with_appcontext
def database_url() -> None:
    """Print the database's address, as PostgreSQL's own programs take it."""
    click.echo(get_settings().database_url.replace("postgresql+psycopg:", "postgresql:", 1))


@click.command("openapi")
@with_appcontext
def openapi() -> None:
    """Print the API's document, as docs/openapi.json pins it."""
    click.echo(document_text())
