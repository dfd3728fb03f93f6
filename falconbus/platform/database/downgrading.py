"""`db downgrade`: what would be dropped with its data is said first, and only somebody who says yes drops it."""

import io
import logging
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click
from alembic import command
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate.cli import db as migrations
from sqlalchemy import text

from falconbus.platform.database.engine import db

#: More rows than these are only told to be more.
_COUNTED = 1000

#: What is done to a command before it is offered.
Wrap = Callable[[click.Command], click.Command]
_DROPPED_TABLE = re.compile(r"\b(?:DROP TABLE(?: IF EXISTS)?|DELETE FROM|TRUNCATE) +\"?(\w+)", re.IGNORECASE)
_ALTERED_TABLE = re.compile(r"\bALTER TABLE(?: IF EXISTS)?(?: ONLY)? +\"?(\w+)\"?([^;]*);", re.IGNORECASE)
_DROPPED_COLUMN = re.compile(r"\bDROP COLUMN(?: IF EXISTS)? +\"?(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Loss:
    """A table, or a column of one, that holds data and would be dropped."""

    what: str
    rows: int

    def __str__(self) -> str:
        number = f"more than {_COUNTED:,}" if self.rows > _COUNTED else f"{self.rows:,}"
        return f"{self.what} ({number} {'row' if self.rows == 1 else 'rows'})"


def losses(revision: str, directory: str | None = None) -> list[Loss]:
    """Return what a downgrade to that revision would drop with its data, by the SQL that it would run."""
    statements = _sql(revision, directory)
    drops = dict.fromkeys(_DROPPED_TABLE.findall(statements), "*")
    found = [Loss(table, _count(table, "*")) for table in drops]
    for table, change in _ALTERED_TABLE.findall(statements):
        if table not in drops:
            columns = _DROPPED_COLUMN.findall(change)
            found += [Loss(f"{table}.{column}", _count(table, column)) for column in columns]
    return [loss for loss in found if loss.rows]


def check_losses(revision: str, directory: str | None) -> None:
    """Ask whether the data may go; without somebody to ask, end."""
    found = losses(revision, directory)
    if not found:
        return
    said = f"this downgrade drops data: {', '.join(map(str, found))}"
    if not sys.stdin.isatty():
        click.echo(f"falcon: {said}; take a backup, then say --yes", err=True)
        raise SystemExit(1)
    click.confirm(f"{said}. Go on?", abort=True)


def _sql(revision: str, directory: str | None) -> str:
    """Return the SQL of a downgrade, which is not run."""
    current = db.session.scalars(text("SELECT version_num FROM alembic_version")).one_or_none()
    if current is None:
        return ""
    config = current_app.extensions["migrate"].migrate.get_config(directory)
    config.output_buffer = written = io.StringIO()
    # It would say that it runs the migrations.
    logger = logging.getLogger("alembic.runtime.migration")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        command.downgrade(config, f"{current}:{revision}", sql=True)
    finally:
        logger.setLevel(level)
    return written.getvalue()


def _count(table: str, column: str) -> int:
    """Return how many rows a table has, or a column's values; they are counted to a limit. 0 when it is not there."""
    there = "SELECT EXISTS (SELECT FROM information_schema.columns WHERE table_schema = current_schema()"
    there += " AND table_name = :table AND column_name = coalesce(:column, column_name))"
    name = None if column == "*" else column
    if not db.session.execute(text(there), {"table": table, "column": name}).scalar_one():
        return 0
    condition = "" if name is None else f'WHERE "{column}" IS NOT NULL'
    counted = f'SELECT count(*) FROM (SELECT FROM "{table}" {condition} LIMIT {_COUNTED + 1}) AS counted'  # noqa: S608
    return int(db.session.execute(text(counted)).scalar_one())


def _guarded(original: click.Command) -> click.Command:
    """Return the downgrade command with the question before it."""

    @click.pass_context
    @with_appcontext
    def downgrade(context: click.Context, /, *, yes: bool, **options: Any) -> None:
        if not (yes or options["sql"]):
            check_losses(options["revision"], options["directory"])
            db.session.rollback()
        context.invoke(original, **options)

    yes = click.Option(["--yes"], is_flag=True, help="Drop tables and columns with their data, unasked.")
    return click.Command("downgrade", params=[*original.params, yes], callback=downgrade, help=original.help)


def commands(wraps: Mapping[str, Wrap]) -> click.Group:
    """Return the `db` commands, the downgrade with its question; `wraps` changes some by their names before that."""
    own = {name: wraps[name](each) if name in wraps else each for name, each in migrations.commands.items()}
    own["downgrade"] = _guarded(own["downgrade"])
    return click.Group("db", commands=own, params=migrations.params, callback=migrations.callback, help=migrations.help)
