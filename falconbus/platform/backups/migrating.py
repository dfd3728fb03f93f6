"""A backup before each migration: without one nothing is migrated, unless somebody says that it may be."""

from collections.abc import Mapping
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import text

from falconbus.platform.backups.errors import BackupFailed
from falconbus.platform.backups.plan import Plan
from falconbus.platform.database import downgrading
from falconbus.platform.database.engine import db
from falconbus.platform.database.revisions import code_heads
from falconbus.platform.kit.settings import get_settings

NO_BACKUP = "--no-backup"
_HELP = "Migrate without a backup: what goes wrong can only be undone as far as the last one reaches."


def back_up_first(*, only_if_pending: bool) -> None:
    """Take a backup, unless the database is new, or BACKUP_ENABLED is false; end with one line when it fails."""
    settings = get_settings()
    has_table = db.session.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL"))
    current = set(db.session.scalars(text("SELECT version_num FROM alembic_version"))) if has_table else set()
    db.session.rollback()
    is_up_to_date = only_if_pending and current == code_heads(current_app.config["MIGRATIONS"])
    if not settings.backup_enabled or not current or is_up_to_date:
        return
    try:
        taken = Plan(settings).take("before a migration", click.echo)
    except BackupFailed as fault:
        click.echo(
            f"falcon: nothing was migrated, as the backup before it failed: {fault}; `./falcon db upgrade {NO_BACKUP}`"
            " migrates without one: what goes wrong then can only be undone as far as the last backup reaches",
            err=True,
        )
        raise SystemExit(1) from None
    click.echo(f"backup before the migration: {taken.name} ({taken.seconds:.1f} s)")


def _with_backup(original: click.Command) -> click.Command:
    """Return a command of Alembic's that takes a backup first."""

    @click.pass_context
    @with_appcontext
    def migrate(context: click.Context, /, *, no_backup: bool, **options: Any) -> None:
        if not (no_backup or options["sql"]):
            back_up_first(only_if_pending=original.name == "upgrade" and options["revision"] in {"head", "heads"})
        context.invoke(original, **options)

    option = click.Option([NO_BACKUP], is_flag=True, help=_HELP)
    return click.Command(original.name, params=[*original.params, option], callback=migrate, help=original.help)


def commands() -> click.Group:
    """Return the `db` commands: those that change tables take a backup first."""
    wraps: Mapping[str, downgrading.Wrap] = {"upgrade": _with_backup, "downgrade": _with_backup}
    return downgrading.commands(wraps)


def no_backup_option() -> click.Option:
    """Return the way round, for a command that migrates among other things."""
    return click.Option([NO_BACKUP], is_flag=True, help=_HELP)
