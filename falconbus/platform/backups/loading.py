"""Put a dump in the place of a database, on any server; the database from before is kept under another name."""

from collections.abc import Iterable

from psycopg import sql

from falconbus.platform.backups import dumping, figures, unpacking
from falconbus.platform.backups.errors import BackupFailed, one_line
from falconbus.platform.backups.manifest import Manifest
from falconbus.platform.backups.progress import Say
from falconbus.platform.backups.repository import COPYING, Repository
from falconbus.platform.backups.source import Source
from falconbus.platform.backups.stakes import AtStake, tell_stake
from falconbus.platform.kit import clock

_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = %s AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def restore_dump(
    source: Source, repository: Repository, backup: Manifest, *, overwrite: bool, at_stake: Iterable[AtStake], say: Say
) -> str | None:
    """Restore a dump; return the name under which the database from before is kept, None when it was empty."""
    with one_line(), repository.alone("restoring", COPYING):
        unpacking.check_files(repository, backup)
        has_tables = _has_tables(source)
        if has_tables:
            tell_stake(source, backup.moment, at_stake, say)
            if not overwrite:
                raise BackupFailed("the database is not empty: say --overwrite to replace it (it is kept aside)")
        _check_unused(source)
        stamp = f"{clock.now():%Y%m%d%H%M%S}"
        new, aside = f"{source.name}_restored_{stamp}", f"{source.name}_before_{stamp}"
        say(f"restoring {backup.name}")
        with dumping.new_database(source, new) as target:
            dumping.load(target, repository, backup)
            figures.check(target, backup)
            _swap(source, new, aside)
        if not has_tables:
            dumping.drop(source, aside)
        return aside if has_tables else None


def _has_tables(source: Source) -> bool:
    with source.connect() as connection:
        row = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace)"
        ).fetchone()
    return bool(row and row[0])


def _check_unused(source: Source) -> None:
    with source.at("postgres").connect() as connection:
        row = connection.execute(_OTHERS, [source.name]).fetchone()
    if row and row[0]:
        raise BackupFailed(f"{row[0]} connections use the database: end web, live, workers and beat first")


def _swap(source: Source, new: str, aside: str) -> None:
    """Change the names of both in one transaction."""
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with source.at("postgres").connect() as connection, connection.transaction():
        for old_name, new_name in ((source.name, aside), (new, source.name)):
            connection.execute(rename.format(sql.Identifier(old_name), sql.Identifier(new_name)))
