"""How Alembic runs our migrations: each in its own transaction, giving up quickly when a table is busy."""

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import text

_migrate = current_app.extensions["migrate"]
_metadata = _migrate.db.metadatas[None]


def _skip_empty(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """`db migrate` without a change writes no file."""
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


def run_offline() -> None:
    """Print the SQL (`./falcon db upgrade --sql`)."""
    url = str(_migrate.db.engine.url)
    context.configure(url=url, target_metadata=_metadata, literal_binds=True, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Migrate the database that the app is connected to."""
    with _migrate.db.engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '4s'"))
        connection.execute(text("SET statement_timeout = 0"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=_metadata,
            transaction_per_migration=True,
            process_revision_directives=_skip_empty,
            **_migrate.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
        # The pool must not hand out a connection without time limits.
        connection.detach()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
