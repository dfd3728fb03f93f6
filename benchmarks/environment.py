"""The environment of a run: PostgreSQL, Redis, and databases of its own beside that of DATABASE_URL."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import flask_migrate
import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from config import Settings
from falconbus import release
from falconbus.app import create_app
from falconbus.platform.database.engine import db
from falconbus.platform.runtime.environment import complete, servers_needed
from falconbus.platform.runtime.paths import DataFolder

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
# Never reached: the benchmarks measure the counting of requests, not refusals.
_RATE = "1000000000/hour"
UNREACHABLE_LIMITS = dict.fromkeys(
    ("RATELIMIT_ANONYMOUS", "RATELIMIT_READS", "RATELIMIT_BOOKING", "RATELIMIT_STOPS"), _RATE
)


@contextmanager
def run_settings() -> Iterator[dict[str, str]]:
    """Provide the settings of a run; embedded servers replace addresses that are not given."""
    # Their bulk loads are worth no backup; `backup` has servers of its own.
    os.environ.setdefault("BACKUP_ENABLED", "false")
    data = DataFolder(Path(os.environ.get("DATA_DIR") or RESULTS / "data").resolve())
    data.make()
    servers = servers_needed(data, os.environ)
    try:
        settings = complete(os.environ, data, servers.start())
        settings["DATABASE_URL"] = settings["DATABASE_URL"].replace("postgresql+psycopg:", "postgresql:")
        yield settings | UNREACHABLE_LIMITS | {"RATELIMIT_ENABLED": "true", "LOG_LEVEL": "INFO", "EMBEDDED": "false"}
    finally:
        servers.close()


class Databases:
    """Creates the benchmarks' databases. Slow ones are kept as templates, with a stamp of their content."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._url: URL = make_url(settings["DATABASE_URL"])

    def url(self, name: str) -> str:
        return _text(self._url.set(database=self._full_name(name)))

    def settings(self, name: str) -> dict[str, str]:
        """Return the environment of a web server on that database."""
        return {**self._settings, "DATABASE_URL": self.url(name)}

    def create(self, name: str, *, template: str | None = None) -> str:
        """Create a database, empty or from a template, and return its URL."""
        self.drop(name)
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        source = self._full_name(template) if template else "template0"
        with self._connect() as server:
            server.execute(copy.format(sql.Identifier(self._full_name(name)), sql.Identifier(source)))
        return self.url(name)

    def migrate(self, name: str) -> None:
        """Run the migrations."""
        self.migrate_settings(self.settings(name))

    @staticmethod
    def migrate_settings(settings: Mapping[str, str]) -> None:
        """Run the migrations on the database of these settings."""
        app = create_app(Settings.from_environment(settings))
        logging.disable(logging.INFO)
        release.install(app)
        with app.app_context():
            flask_migrate.upgrade()
            db.engine.dispose()
        logging.disable(logging.NOTSET)

    def drop(self, name: str) -> None:
        with self._connect() as server:
            command = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            server.execute(command.format(sql.Identifier(self._full_name(name))))

    def stamp(self, name: str) -> str | None:
        """Return the stamp of a database; None without one."""
        query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
        with self._connect() as server:
            row = server.execute(query, [self._full_name(name)]).fetchone()
        return row[0] if row else None

    def set_stamp(self, name: str, stamp: str) -> None:
        with self._connect() as server:
            command = sql.SQL("COMMENT ON DATABASE {} IS {}")
            server.execute(command.format(sql.Identifier(self._full_name(name)), sql.Literal(stamp)))

    def today(self) -> date:
        """Return the database server's date."""
        with self._connect() as server:
            row = server.execute("SELECT current_date").fetchone()
        assert row is not None
        return date.fromisoformat(str(row[0]))

    def _full_name(self, name: str) -> str:
        return f"{self._url.database}_bench_{name}"

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(_text(self._url), autocommit=True)


def _text(url: URL) -> str:
    """Return an address as libpq reads it, which takes a plus for a plus: the socket's folder may have a blank."""
    return url.render_as_string(hide_password=False).replace("+", "%20")
