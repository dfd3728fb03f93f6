"""Timetables from the command line."""

import click
from flask.cli import AppGroup

from falconbus.platform.database import transactions
from falconbus.timetable import service

timetable = AppGroup("timetable", help="Timetables and the schedules made from them.")


@timetable.command("extend")
def extend() -> None:
    """Make the departures that are missing up to the horizon (the nightly job's work, now)."""
    count = transactions.run(service.make_schedules)
    click.echo(f"{count} departures made")
