"""`backup create | list | verify | restore`."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from config import SettingError, Settings
from falconbus.platform.backups import leftovers, moments, restoring, signing
from falconbus.platform.backups.archive import store_up_to_now
from falconbus.platform.backups.errors import BackupFailed, one_line
from falconbus.platform.backups.loading import restore_dump
from falconbus.platform.backups.manifest import DUMP, FULL, Manifest
from falconbus.platform.backups.moments import Target
from falconbus.platform.backups.plan import Plan
from falconbus.platform.backups.progress import size_in_words
from falconbus.platform.backups.source import owner_of_data
from falconbus.platform.backups.stakes import AtStake
from falconbus.platform.runtime.data_location import find_data_location
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
        _tell_caution(plan)


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


@click.command("store-log", hidden=True)
def store_log() -> None:
    """Store the embedded server's log up to now: what `up` does at its end, so that nothing stays behind."""
    with _plan(server=True) as plan, one_line():
        if plan.settings.backup_enabled:
            store_up_to_now(plan.repository, plan.source)


_unsealed = click.option(
    "--unsealed", is_flag=True, help="Take one from before BACKUP_KEY was set, too; see to it that it is yours."
)


@click.command("verify")
@click.argument("name")
@_unsealed
def verify(name: str, *, unsealed: bool) -> None:
    """Restore a backup into a server of its own, and compare every table's rows with those of its time."""
    with _plan(server=False, unsealed=unsealed) as plan:
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
    @_unsealed
    def restore(name: str | None, time: str | None, *, overwrite: bool, unsealed: bool) -> None:
        """Restore a backup, to its own moment or --to another one; without a name by the last one before that."""
        if name is None and time is None:
            raise click.UsageError("name a backup, or a moment by --to")
        with leftovers.attempt(data_folder(os.environ)) as attempt, _plan(server=False, unsealed=unsealed) as plan:
            said = _restore(plan, name, _target(time, plan.settings.time_zone), knowledge, overwrite=overwrite)
            attempt.has_succeeded = True
            click.echo("\n".join(filter(None, said)))

    every = [create, nightly, store_log, show, verify, restore]
    return click.Group("backup", commands=every, help="Backups: taken, listed, verified, restored.")


def _restore(plan: Plan, name: str | None, target: Target, knowledge: Knowledge, *, overwrite: bool) -> Iterable[str]:
    """Restore; return what is to be said afterwards."""
    is_elsewhere = given(os.environ, "DATABASE_URL")
    if is_elsewhere and (name is None or not target.is_own):
        raise BackupFailed("any moment is for the embedded server: on your own, name a dump, or use its own tools")
    own = _owner(plan)
    backup = moments.choose(plan.repository, name, target, own)
    _check_release(backup, knowledge)
    if own not in {None, backup.owner}:
        click.echo(f"{backup.name} is of another database than the one here: {backup.owner}, not {own}")
    stakes = tuple(knowledge()[1])
    if backup.kind == DUMP:
        with _plan(server=True, unsealed=plan.takes_unsealed) as running:
            aside = restore_dump(
                running.source, plan.repository, backup, overwrite=overwrite, at_stake=stakes, say=click.echo
            )
        reached, kept = backup.moment, f"the database from before is kept as {aside}" if aside else ""
    elif is_elsewhere:
        raise BackupFailed("base backups are for the embedded server: unset DATABASE_URL, or restore a dump")
    else:
        done = restoring.Restoring(plan.data, plan.repository, click.echo, stakes).restore(
            backup.name, target, overwrite=overwrite
        )
        reached, kept = done.reached, f"the data from before is kept in {done.kept_aside}" if done.kept_aside else ""
    moment = _moment(target.at or reached)
    return (
        f"restored to {moment}" + (f"; {kept}" if kept else ""),
        "" if target.is_own else f"the last that is in it was committed at {_moment(reached)}",
        signing.bring_back(plan.repository, backup, plan.data.root, os.environ.get("SECRET_KEY", "").strip()),
        _AFTERWARDS.format(moment=moment),
    )


def _check_release(backup: Manifest, knowledge: Knowledge) -> None:
    if backup.migration and backup.migration not in set(knowledge()[0]):
        raise BackupFailed(
            f"{backup.name} was made by release {backup.release}, whose migration {backup.migration} this code does"
            " not know: restore it by that release, or a newer one"
        )


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


@contextmanager
def _plan(*, server: bool, unsealed: bool = False) -> Iterator[Plan]:
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
        yield Plan(Settings.from_environment(environment), takes_unsealed=unsealed)
    except SettingError as error:
        click.echo(f"falcon: {error}", err=True)
        sys.exit(2)
    except CannotRun as fault:
        click.echo(f"falcon: {fault}", err=True)
        sys.exit(1)
    finally:
        if servers:
            servers.close()


def _tell_caution(plan: Plan) -> None:
    if plan.caution:
        click.echo(f"falcon: {plan.caution}", err=True)


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
    entries, own = plan.repository.entries(), _owner(plan)
    if not entries:
        click.echo(f"there is no backup in {plan.settings.backup_dir}")
    for each in entries:
        if isinstance(each, Manifest):
            found = plan.repository.verified(each.name)
            state = f"verified {found.at:%Y-%m-%d %H:%M}" if found else "not verified"
            sealed = ", encrypted" if each.key else ""
            whose = "" if each.owner == own else f", of {each.owner}"
            click.echo(
                f"{each.name:<28} {each.moment:%Y-%m-%d %H:%M:%S} UTC  {size_in_words(each.size):>8}"
                f" {each.seconds:7.1f} s  {state}{sealed}{whose}  ({each.why}, migration {each.migration})"
            )
        else:
            click.echo(f"cannot be used: {each}")
    _tell_caution(plan)


def _owner(plan: Plan) -> str | None:
    """Return whose backups are the present database's; None when there is none, or it cannot be asked."""
    if not given(os.environ, "DATABASE_URL"):
        return owner_of_data(find_data_location(plan.data, "postgres"))
    try:
        return plan.source.owner
    except BackupFailed:
        return None


def _in_words(taken: Manifest) -> str:
    rows = "" if taken.rows is None else f", {taken.rows:,} rows"
    return f"{taken.name}: {size_in_words(taken.size)}{rows}"
