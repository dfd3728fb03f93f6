"""Dumps: a database's content by pg_dump, to be restored into any server of the same version or newer."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from falconbus.platform.backups import figures
from falconbus.platform.backups.manifest import Content, Manifest
from falconbus.platform.backups.progress import Progress, Say
from falconbus.platform.backups.repository import Repository
from falconbus.platform.backups.sealing import Writer
from falconbus.platform.backups.source import Source
from falconbus.platform.kit import clock

FILE = "database.dump.zst"
_PIECE = 1 << 18


def dump(source: Source, repository: Repository, folder: Path, expected: int, say: Say) -> Content:
    """Dump the database and count its rows, both of the same moment."""
    progress = Progress(say, folder.name, expected)
    writer = Writer(folder / FILE, repository.secret, f"{folder.name}/{FILE}")
    try:
        with source.connect() as reader:
            reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            row = reader.execute("SELECT pg_export_snapshot()").fetchone()
            moment = clock.now()
            # zstd of the whole is smaller and quicker than its own compression.
            options = ["--format=custom", "--compress=none", f"--snapshot={row[0] if row else ''}"]
            with source.program("pg_dump", *options, "--no-owner", "--no-privileges").output() as output:
                while piece := output.read(_PIECE):
                    writer.write(piece)
                    progress.add(len(piece))
            tables = figures.count(reader)
        return Content(files=[writer.finish()], moment=moment, tables=tables)
    finally:
        writer.close()


def load(target: Source, repository: Repository, backup: Manifest) -> None:
    """Load a dump into an empty database."""
    path = repository.folder(backup.name) / FILE
    options = ["--exit-on-error", "--no-owner", "--no-privileges", "--format=custom"]
    with target.program("pg_restore", *options).input() as typed:
        for piece in repository.read(path, f"{backup.name}/{FILE}"):
            typed.write(piece)


@contextmanager
def new_database(source: Source, name: str) -> Iterator[Source]:
    """Provide a new, empty database on the same server; one that fails to be filled is dropped."""
    with source.at("postgres").connect() as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    try:
        yield source.at(name)
    except BaseException:
        drop(source, name)
        raise


def drop(source: Source, name: str) -> None:
    """Drop a database."""
    with source.at("postgres").connect() as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
