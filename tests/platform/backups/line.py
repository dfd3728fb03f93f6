"""A data folder with an embedded server whose log is kept, and the commands run on it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask

from config import Settings
from falconbus.platform.backups.manifest import Manifest
from falconbus.platform.backups.plan import Plan
from falconbus.platform.backups.source import Source
from falconbus.platform.database.engine import db
from falconbus.platform.runtime.environment import complete, with_placeholders
from falconbus.platform.runtime.paths import PROJECT, DataFolder
from falconbus.platform.runtime.servers import Servers
from tests.platform.runtime.processes import bare_environment


class Line:
    """One installation."""

    def __init__(self, data: DataFolder, initialised: Path | None = None) -> None:
        """In a data folder; its server begins with a copy of what another one has just `initialised`."""
        self.data = data
        self._initialised = initialised
        self.data.make()
        self.said: list[str] = []

    @contextmanager
    def server(self, **settings: str) -> Iterator[Plan]:
        """The server, and the plan of its backups."""
        if self._initialised and not (self.data.root / "postgres").exists():
            self.copy(self._initialised, "postgres")
        servers = Servers(self.data, ["postgres"])
        before = os.environ.get("BACKUP_ENABLED", "")
        # Read by the daemon when it starts the server.
        os.environ["BACKUP_ENABLED"] = "true"
        try:
            facts = servers.start()
            yield Plan(self.settings(facts, **settings))
        finally:
            os.environ["BACKUP_ENABLED"] = before
            servers.close()

    def copy(self, other: Path, *names: str) -> None:
        """Have what another installation's folder has of these, with its owners."""
        subprocess.run(["cp", "-a", *(str(other / name) for name in names), str(self.data.root)], check=True)

    def settings(self, facts: dict[str, dict[str, str]], **settings: str) -> Settings:
        environment = complete(bare_environment(**settings), self.data, facts)
        return Settings.from_environment(with_placeholders({**environment, "BACKUP_ENABLED": "true"}))

    def plan(self, **settings: str) -> Plan:
        """The plan while no server runs."""
        return Plan(self.settings({}, **settings))

    def take(self, plan: Plan, kind: str | None = None) -> Manifest:
        return plan.take("in a test", self.said.append, kind)

    def command(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """`falcon backup ...` as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "falconbus", "backup", *arguments],
            cwd=PROJECT,
            env=bare_environment(**{"DATA_DIR": str(self.data.root), "BACKUP_ENABLED": "true", **settings}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **settings: str) -> tuple[int, str, str]:
        """The exit code, what it said, and what it complained of."""
        process = self.command(*arguments, **settings)
        said, complained = process.communicate(timeout=120)
        return process.returncode, said, complained

    @property
    def backups(self) -> Path:
        return self.data.root / "backups"


def sql(plan: Plan, statement: str, *values: Any) -> Any:
    """The first value of the answer, if there is one."""
    with psycopg.connect(plan.source.url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values or None)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def every_row(plan: Plan) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    with psycopg.connect(plan.source.url, autocommit=True, options="-c timezone=UTC") as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        return {
            name: sorted(row[0] for row in connection.execute(f'SELECT t::text FROM "{name}" t'.encode()).fetchall())
            for (name,) in tables
        }


def database_now(plan: Plan) -> datetime:
    """The server's time, after which something is committed."""
    now: datetime = sql(plan, "SELECT clock_timestamp()")
    sql(plan, "SELECT pg_current_xact_id()")
    return now.astimezone(UTC)


def copy_tables(address: str, plan: Plan) -> None:
    """Give the server the tables of another database."""
    with (
        Source(address).program("pg_dump", "--format=custom").output() as dumped,
        plan.source.program("pg_restore").input() as typed,
    ):
        typed.write(dumped.read())


def disconnect(app: Flask) -> None:
    """Let go of the app's connections, so that its server can end."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
