"""Commands that import GTFS feeds and load the demo network."""

import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click
from flask.cli import AppGroup
from sqlalchemy import select

from falconbus.gtfs import service
from falconbus.gtfs.errors import FeedRefused
from falconbus.gtfs.importing.importer import Progress
from falconbus.gtfs.options import DEFAULT_LAYOUT, ImportOptions
from falconbus.gtfs.report import LISTED, Report
from falconbus.network.models import Route
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.kit.lazy import Lazy
from falconbus.scheduling import demo as scheduling
from falconbus.timetable.service import make_schedules

# Needed by the command line only.
console, progress = Lazy("rich.console"), Lazy("rich.progress")

log = logging.getLogger(__name__)

DEMO = Path(__file__).parent / "demo"

gtfs = AppGroup("gtfs", help="Feeds in GTFS, the format of timetables that trip planners read.")
demo = AppGroup("demo", help="A network to try things out with.")


@gtfs.command("import")
@click.argument("location", metavar="FEED", type=click.Path(path_type=Path))
@click.option("--feed", help="The feed's name; a newer version under the same name replaces the last.")
@click.option("--layout", default=DEFAULT_LAYOUT, show_default=True, help="Seat layout of the buses it makes.")
@click.option("--currency", help="Currency of routes without a fare, such as ZAR.")
@click.option("--price-per-km", help="Price of routes without a fare.  [default: 0.75]")
@click.option("--shift-dates", is_flag=True, help="Move all dates by whole weeks, so that service begins about today.")
@click.option("--skip-faulty", is_flag=True, help="Leave out the trips with faults, list them, import the others.")
@click.option("--same-network", is_flag=True, help="It is the network of its name, whatever its stops are called now.")
@click.option("--another-network", is_flag=True, help="It is a network beside one that it looks like.")
@click.option("--horizon-days", type=int, help="How far ahead departures go on sale.  [SCHEDULE_HORIZON_DAYS]")
def import_command(*, location: Path, **options: Any) -> None:
    """Import FEED, a GTFS ZIP or folder: all of it, on sale when this ends, or nothing."""
    began = time.perf_counter()
    report = _import(location, lambda: ImportOptions.from_dict(options))
    _print_report(report, time.perf_counter() - began)


@demo.command("load")
def load_demo() -> None:
    """Load the demo network and its staff unless there are routes; then bring the departures up to date."""
    if transactions.run(lambda: db.session.scalar(select(Route.id).limit(1))) is not None:
        count = transactions.run(make_schedules)
        click.echo(f"There is a network already: the demo is not loaded; {count} departures made.")
        return
    began = time.perf_counter()
    transactions.run(scheduling.load)
    report = _import(DEMO, lambda: ImportOptions(layout="coach-49-comfort", shift_dates=True))
    _print_report(report, time.perf_counter() - began)
    click.echo("  and two drivers, an attendant and four services, for charters")


def _import(location: Path, options: Callable[[], ImportOptions]) -> Report:
    """Import a feed and commit, showing progress; exit with the list of faults when it is refused."""
    try:
        import_options = options()
        if not sys.stderr.isatty():
            return transactions.run(lambda: service.import_feed(location, import_options, _print_steps()))
        columns = (
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.TaskProgressColumn(),
            progress.TimeElapsedColumn(),
        )
        with progress.Progress(*columns, console=console.Console(stderr=True), transient=True) as bar:
            return transactions.run(lambda: service.import_feed(location, import_options, _update_bar(bar)))
    except FeedRefused as refusal:
        _exit_with_faults(refusal.report)
    except DomainError as refusal:
        pointer = getattr(refusal, "pointer", None)
        raise click.ClickException(f"--{pointer.replace('_', '-')} {refusal}" if pointer else str(refusal)) from None
    except Exception as fault:
        log.exception("the import crashed")
        raise click.ClickException(f"{service.describe_crash(fault)}: nothing was imported") from None


def _print_steps() -> Progress:
    """Return a progress callback that prints one line a step, for logs and pipes."""
    printed: set[str] = set()

    def print_step(step: str, _done: int, _total: int) -> None:
        if step not in printed:
            printed.add(step)
            click.echo(f"{step} ...", err=True)

    return print_step


def _update_bar(bar: Any) -> Progress:
    task = bar.add_task("Reading", total=None)
    return lambda step, done, total: bar.update(task, description=step, completed=done, total=total)


def _print_report(report: Report, seconds: float) -> None:
    click.echo(f"Imported the feed {report.feed} in {seconds:.1f} s:")
    for name, count in report.counts.items():
        click.echo(f"  {count:>9,} {_COUNTED[name]}")
    for change in report.changes:
        click.echo(f"Changed: {change}")
    for note in report.notes:
        click.echo(f"Note: {note}")
    for fault in report.left_out:
        click.echo(f"  left out: {fault}")
    for departure in report.withdrawn:
        click.echo(f"  {departure}")


def _exit_with_faults(report: Report) -> NoReturn:
    for fault in (*report.faults, *report.left_out):
        click.echo(str(fault), err=True)
    if report.fault_count > LISTED:
        click.echo(f"... and {report.fault_count - LISTED} more", err=True)
    raise click.ClickException(f"{FeedRefused(report)}")


_COUNTED = {
    "stops": "stops",
    "routes": "routes (stop patterns)",
    "fares": "fares for parts of routes",
    "calendars": "calendars",
    "timetables": "timetables",
    "timings": "different timings among them",
    "schedules": "departures put on sale",
    "left_out": "trips left out",
}
