"""What a host runs before the new code serves: migrations, the first admin, the schedules of the horizon."""

import click
import flask_migrate
from flask import current_app
from flask.cli import with_appcontext

from falconbus import transactions
from falconbus.accounts.commands import ensure_admin
from falconbus.documents import document_text
from falconbus.timetable import service as timetable


@click.command("release")
@with_appcontext
@click.pass_context
def release(context: click.Context) -> None:
    """Migrate the database, make the first admin, extend the schedules; safe to run again."""
    flask_migrate.upgrade(directory=current_app.config["MIGRATIONS"])
    context.invoke(ensure_admin)
    made = transactions.run(timetable.make_schedules)
    click.echo(f"schedules: {made} made up to the horizon")


@click.command("openapi")
@with_appcontext
def openapi() -> None:
    """Print the API's document, as docs/openapi.json pins it."""
    click.echo(document_text())
