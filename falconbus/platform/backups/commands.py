"""`backup create | list | verify | restore`."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from config import SettingError, Settings
from falconbus.platform.backups import moments, restoring
from falconbus.platform.backups.errors import BackupFailed
from falconbus.platform.backups.loading import restore_dump
from falconbus.platform.backups.manifest import DUMP, FULL, Manifest
from falconbus.platform.backups.moments import Target
from falconbus.platform.backups.plan import Plan
from falconbus.platform.backups.progress import size_in_words
from falconbus.platform.backups.stakes import AtStake
from falconbus.platform.runtime.environment import complete, given, with_placeholders
from falconbus.platform.runtime.errors import CannotRun
from falconbus.platform.runtime.paths import data_folder
from falconbus.platform.runtime.servers import Servers

#: Known revisions of the code's migrations, and what features say that a restore takes away.
Knowledge = Callable[[], tuple[Iterable[str], Iterable[AtStake]]]

_AFTERWARDS = """\
What happened after {moment} is not in it. Before you sell again:
- ./falcon up (or ./falcon release) brings the tables to this release.
- Payments that were on their way then are asked after by the reconciler within a minute of the start. Payments taken
  since are known to their providers alone: compare their list, and refund or book anew what has no row here.
- Mails that waited then go out again, with the Message-ID they had. Tickets sold since do not exist here any more: tell
  their travellers; the data kept aside names them (docs/runbooks/backups.md).
- Redis may be emptied: what it holds is made anew."""


@click.command("create")
@click.option("--full", "kind", flag_value=FULL, help="A full one, though there is one to add to.")
@click.option("--dump", "kind", flag_value=DUMP, help="A dump, to be restored into another server.")
def create(kind: str | None) -> None:
    """Take a backup now."""
    with _plan(server=True) as plan:
        taken = plan.take("by hand", click.echo, kind)
        click.echo(f"{_in_words(taken)} in {taken.seconds:.1f} s, in {plan.settings.backup_dir}")


@click.command("nightly", hidden=True)
def nightly() -> None:
    """Take a backup, verify it, remove old ones: what beat has done every night."""
    with _plan(server=True) as plan:
        taken = plan.take_nightly(click.echo)
        click.echo(f"{_in_words(taken)} in {taken.seconds:.1f} s, verified")


@click.command("list")
def show() -> None:
    """List the backups, the oldest first."""
    with _plan(server=False) as plan:
        _list(plan)


@click.command("verify")
@click.argument("name")
def verify(name: str) -> None:
    """Restore a backup into a server of its own, and compare every table's rows with those of its time."""
    with _plan(server=False) as plan:
        backup = plan.verify(name, click.echo)
        found = plan.repository.verified(name)
        rows = "nobody held still to be counted" if backup.rows is None else f"{backup.rows:,} rows as they were"
        click.echo(f"{name} is good: {rows} ({found.seconds if found else 0:.1f} s)")


def commands(knowledge: Knowledge) -> click.Group:
    """Return the group of commands; none of them loads the app."""

    @click.command("restore")
    @click.argument("name", required=False)
    @click.option("--to", "time", help="A moment, such as `2026-12-01 14:30` (in TIME_ZONE), or `latest`.")
    @click.option("--overwrite", is_flag=True, help="Replace the present database, which is kept aside.")
    def restore(name: str | None, time: str | None, *, overwrite: bool) -> None:
        """Restore a backup, to its own moment or --to another one; without a name by the last one before that."""
        if name is None and time is None:
            raise click.UsageError("name a backup, or a moment by --to")
        _restore(name, time, knowledge, overwrite=overwrite)

    every = [create, nightly, show, verify, restore]
    return click.Group("backup", commands=every, help="Backups: taken, listed, verified, restored.")


def _restore(name: str | None, time: str | None, knowledge: Knowledge, *, overwrite: bool) -> None:
    with _plan(server=False) as plan:
        target = _target(time, plan.settings.time_zone)
        revisions, at_stake = knowledge()
        backup = moments.choose(plan.repository, name, target)
        if backup.migration and backup.migration not in set(revisions):
            raise BackupFailed(
                f"{backup.name} was made by release {backup.release}, whose migration {backup.migration} this code does"
                " not know: restore it by that release, or a newer one"
            )
        stakes = tuple(at_stake)
        if backup.kind == DUMP:
            with _plan(server=True) as with_server:
                aside = restore_dump(
                    with_server.source, plan.repository, backup, overwrite=overwrite, at_stake=stakes, say=click.echo
                )
            kept = f"the database from before is kept as {aside}" if aside else ""
        else:
            if given(os.environ, "DATABASE_URL"):
                raise BackupFailed("base backups are for the embedded server: unset DATABASE_URL, or restore a dump")
            done = restoring.Restoring(plan.data, plan.repository, click.echo, stakes).restore(
                backup.name, target, overwrite=overwrite
            )
            kept = f"the data from before is kept in {done.kept_aside}" if done.kept_aside else ""
        moment = "the end of the log" if target.latest else f"{target.at or backup.moment:%Y-%m-%d %H:%M:%S} UTC"
        click.echo(f"restored to {moment}" + (f"; {kept}" if kept else ""))
        click.echo(_AFTERWARDS.format(moment=moment))


@contextmanager
def _plan(*, server: bool) -> Iterator[Plan]:
    """Provide the plan of the environment's settings, with the embedded server if wanted; a fault is one line."""
    servers = None
    try:
        environment = with_placeholders(os.environ)
        Settings.from_environment(environment)
        data = data_folder(os.environ)
        data.make()
        environment["DATA_DIR"] = str(data.root)
        if server and not given(os.environ, "DATABASE_URL"):
            servers = Servers(data, ["postgres"])
            environment |= complete(os.environ, data, servers.start())
            environment = with_placeholders(environment)
        yield Plan(Settings.from_environment(environment))
    except SettingError as error:
        click.echo(f"falcon: {error}", err=True)
        sys.exit(2)
    except CannotRun as fault:
        click.echo(f"falcon: {fault}", err=True)
        sys.exit(1)
    finally:
        if servers:
            servers.close()


def _target(time: str | None, zone: str) -> Target:
    if time is None:
        return Target()
    if time == "latest":
        return Target(latest=True)
    try:
        moment = datetime.fromisoformat(time)
        return Target(at=(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC))
    except (ValueError, OverflowError):
        raise BackupFailed(f"{time} is no moment such as 2026-12-01T14:30:00+02:00, and not `latest`") from None


def _list(plan: Plan) -> None:
    entries = plan.repository.entries()
    if not entries:
        click.echo(f"there is no backup in {plan.settings.backup_dir}")
    for each in entries:
        if isinstance(each, Manifest):
            found = plan.repository.verified(each.name)
            state = f"verified {found.at:%Y-%m-%d %H:%M}" if found else "not verified"
            sealed = ", encrypted" if each.key else ""
            click.echo(
                f"{each.name:<28} {each.moment:%Y-%m-%d %H:%M:%S} UTC  {size_in_words(each.size):>8}"
                f" {each.seconds:7.1f} s  {state}{sealed}  ({each.why}, migration {each.migration})"
            )
        else:
            click.echo(f"damaged: {each}")


def _in_words(taken: Manifest) -> str:
    rows = "" if taken.rows is None else f", {taken.rows:,} rows"
    return f"{taken.name}: {size_in_words(taken.size)}{rows}"
