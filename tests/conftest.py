"""Fixtures that every test may use: an app on a real, migrated database of its own, empty before each test."""

import os
from collections.abc import Iterator
from contextvars import Context
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from psycopg import sql
from redis import Redis
from sqlalchemy import make_url, text

from config import Settings
from falconbus import release
from falconbus.app import FalconBus, create_app
from falconbus.platform.caching import groups, maintenance
from falconbus.platform.database.engine import db
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.platform.telemetry import flusher
from tests.browser.leftout import pytest_terminal_summary
from tests.budgets import BrokenBudgets
from tests.declared import UndeclaredAnswers
from tests.interrupts import (
    pytest_configure,
    pytest_keyboard_interrupt,
    pytest_sessionstart,
    pytest_xdist_node_collection_finished,
)
from tests.watched_providers import watch_providers
from tests.world import World

__all__ = [
    "pytest_configure",
    "pytest_keyboard_interrupt",
    "pytest_sessionstart",
    "pytest_terminal_summary",
    "pytest_xdist_node_collection_finished",
]

# In these processes what is measured is written when a test says so, not into the tests that follow.
flusher.SECONDS = 3600.0

ROOT = Path(__file__).parent.parent
SECRET_KEY = "a secret that only the tests know, 32+"


class Caller(FlaskClient):
    """A client whose requests share nothing with the test: each has its own app context, session and identity."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return Context().run(super().open, *args, **kwargs)


def _own_database(worker: str) -> str:
    """A fresh database for this test process, beside the one that DATABASE_URL names."""
    url = make_url(os.environ["DATABASE_URL"].replace("postgresql+psycopg", "postgresql"))
    name = f"{url.database}_test_{worker}"
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def environment(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of this test process, as an environment that child processes can take over."""
    if not os.environ.get("DATABASE_URL") or not os.environ.get("REDIS_URL"):
        pytest.exit("the tests need PostgreSQL and Redis: run ./falcon test, which brings its own", returncode=4)
    number = int(worker_id.removeprefix("gw")) if worker_id != "master" else 6
    redis = os.environ["REDIS_URL"].rsplit("/", 1)[0]
    return {
        "DATABASE_URL": _own_database(worker_id),
        "REDIS_URL": f"{redis}/{2 + 2 * number}",
        "CACHE_REDIS_URL": f"{redis}/{3 + 2 * number}",
        "SECRET_KEY": SECRET_KEY,
        "DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "EMBEDDED": "1",
        "BACKUP_ENABLED": "false",
        "RATELIMIT_ENABLED": "false",
        "LOG_LEVEL": "WARNING",
    }


@pytest.fixture(scope="session")
def broken_budgets() -> BrokenBudgets:
    """What views of the app have sent beyond their query budgets."""
    return BrokenBudgets()


@pytest.fixture(autouse=True)
def query_budgets(broken_budgets: BrokenBudgets) -> Iterator[None]:
    """A test in which a view sends more statements than it declares fails, and shows them."""
    yield
    broken_budgets.check()


@pytest.fixture(scope="session")
def undeclared_answers() -> UndeclaredAnswers:
    """What the app has answered beyond its declarations."""
    return UndeclaredAnswers()


@pytest.fixture(autouse=True)
def declared_answers(undeclared_answers: UndeclaredAnswers) -> Iterator[None]:
    """A test that provokes an answer whose status, code or shape its operation does not declare fails, and shows it."""
    yield
    undeclared_answers.check()


@pytest.fixture(scope="session")
def migrated_app(
    environment: dict[str, str], broken_budgets: BrokenBudgets, undeclared_answers: UndeclaredAnswers
) -> Iterator[FalconBus]:
    """The app of this test process, its database migrated."""
    app = create_app(Settings.from_environment(environment))
    undeclared_answers.watch(app)
    watch_providers(app)
    app.request_log.recorder.complaints.append(broken_budgets.note)
    release.install(app)
    app.testing = True
    app.test_client_class = Caller
    with app.app_context():
        flask_migrate.upgrade()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(migrated_app: FalconBus) -> Iterator[FalconBus]:
    """The app on an empty database."""
    yield migrated_app
    empty(migrated_app)


def empty(app: FalconBus) -> None:
    """Leave nothing of what a test has done: rows, kept answers, messages, measurements."""
    with app.app_context():
        db.session.remove()
        _forget_what_was_measured(app)
        cache_redis().flushdb()
        with Redis.from_url(app.config["SETTINGS"].redis_url) as broker:
            broker.flushdb()
        maintenance.clear(groups.registered())
        _empty_tables()


def _empty_tables() -> None:
    """Delete every row and start every sequence anew, for a twentieth of what TRUNCATE costs, which makes new files."""
    names = ", ".join(f"'{table.name}'" for table in reversed(db.metadata.sorted_tables))
    delete_rows = f"""
        DO $$ DECLARE name text; BEGIN
            FOREACH name IN ARRAY ARRAY[{names}] LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
        END $$"""
    start_sequences = "SELECT setval(seqrelid, seqstart, false) FROM pg_sequence"
    with db.engine.begin() as connection:
        connection.execute(text(delete_rows))
        connection.execute(text(start_sequences))


def _forget_what_was_measured(app: FalconBus) -> None:
    """The app lives as long as the test process: what one test asked of it is not for the next one's dashboard."""
    own = app.request_log.recorder.flusher
    own.flush()
    with own._lock:  # noqa: SLF001
        own._aggregator.begin_minute()  # noqa: SLF001
        own._late.clear()  # noqa: SLF001


@pytest.fixture
def client(app: FalconBus) -> FlaskClient:
    """Calls the app as a caller over HTTP would, without a socket."""
    return app.test_client()


@pytest.fixture
def database(app: FalconBus) -> Iterator[SQLAlchemy]:
    """The database inside an app context, for tests that call services or look at rows."""
    with app.app_context():
        yield db
        db.session.remove()


@pytest.fixture
def world(database: SQLAlchemy) -> World:
    """A small bus line to begin with; see tests/world.py."""
    return World()
