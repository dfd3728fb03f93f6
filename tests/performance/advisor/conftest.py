"""Three small businesses whose tables the advisor has never seen, planted in the test's database."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.platform.kit import clock
from falconbus.platform.telemetry.models import Resolution

LIBRARY = """
    CREATE TABLE members (id bigint PRIMARY KEY, email text NOT NULL, city text NOT NULL);
    CREATE TABLE books (id bigint PRIMARY KEY, title text NOT NULL);
    CREATE TABLE loans (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, member_id bigint NOT NULL,
        book_id bigint NOT NULL, lent_at timestamptz NOT NULL, returned boolean NOT NULL);
    INSERT INTO members SELECT n, 'Reader' || n || '@Example.org', 'City ' || n % 40 FROM generate_series(1, 20000) n;
    INSERT INTO books SELECT n, 'Title ' || n FROM generate_series(1, 300) n;
    INSERT INTO loans (member_id, book_id, lent_at, returned)
        SELECT 1 + n * 7919 % 20000, 1 + n % 300, timestamptz '2026-01-01' + n * interval '1 minute', n % 10 > 0
        FROM generate_series(1, 80000) n;
    ANALYZE members, books, loans
"""
WAREHOUSE = """
    CREATE TABLE items (id integer PRIMARY KEY, sku varchar(20) NOT NULL);
    CREATE TABLE bins (id integer PRIMARY KEY, aisle integer NOT NULL);
    CREATE TABLE movements (
        id bigint PRIMARY KEY, item_id integer NOT NULL, bin_id integer NOT NULL, moved_at timestamp NOT NULL,
        quantity integer NOT NULL, doubled integer GENERATED ALWAYS AS (quantity * 2) STORED);
    INSERT INTO items SELECT n, 'SKU-' || n FROM generate_series(1, 5000) n;
    INSERT INTO bins SELECT n, n % 20 FROM generate_series(1, 200) n;
    INSERT INTO movements
        SELECT n, 1 + n * 31 % 5000, 1 + n * 17 % 40, timestamp '2026-01-01' + n * interval '1 minute', n % 9
        FROM generate_series(1, 80000) n;
    ANALYZE items, bins, movements
"""
CLINIC = """
    CREATE SCHEMA clinic;
    CREATE TABLE clinic.patients (id integer PRIMARY KEY, "Surname" text NOT NULL, e_mail varchar(80) NOT NULL);
    CREATE TABLE clinic.visits (
        id integer PRIMARY KEY, patient_id integer NOT NULL, doctor text NOT NULL, "order" integer NOT NULL);
    INSERT INTO clinic.patients SELECT n, 'Name' || n, 'P' || n || '@Clinic.example' FROM generate_series(1, 60000) n;
    INSERT INTO clinic.visits
        SELECT n, 1 + n * 13 % 60000, 'Dr ' || n % 50, n FROM generate_series(1, 60000) n;
    ANALYZE clinic.patients, clinic.visits
"""

_LEFT = text("""
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg_temp%'
    UNION ALL SELECT nspname FROM pg_namespace ORDER BY 1
""")


@pytest.fixture
def plant(database: SQLAlchemy) -> Iterator[Callable[[str], None]]:
    """Runs the SQL that makes tables; they go with the test."""

    def make(script: str) -> None:
        with database.engine.begin() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            for statement in script.split(";"):
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})

    before = _tables(database)
    yield make
    database.session.remove()
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS clinic CASCADE"))
        for name in _tables(database) - before:
            connection.execute(text(f"DROP TABLE IF EXISTS {name} CASCADE"))


def everything(database: SQLAlchemy) -> list[str]:
    """Every schema, table and index that is there, as another connection sees it."""
    with database.engine.connect() as connection:
        return list(connection.scalars(_LEFT))


def _tables(database: SQLAlchemy) -> set[str]:
    with database.engine.connect() as connection:
        return set(connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))


@pytest.fixture
def recorded(database: SQLAlchemy) -> Callable[..., None]:
    """Puts a statement and its calls where the recorder's rollup puts them."""

    def record(
        fingerprint: str,
        statement: str,
        *,
        calls: int = 100,
        mean_ms: float = 30.0,
        at: datetime | None = None,
        resolution: Resolution = Resolution.HOUR,
    ) -> None:
        database.session.execute(
            text("""
                INSERT INTO telemetry_statements (fingerprint, text, types, chain, first_seen)
                VALUES (:fingerprint, :statement, '{}', '{}', now()) ON CONFLICT DO NOTHING
            """),
            {"fingerprint": fingerprint, "statement": statement},
        )
        series = database.session.scalar(
            text("""
                INSERT INTO telemetry_series (kind, key)
                VALUES ('statement', ARRAY['statement', 'GET /x', :fingerprint, 'falconbus/x.py:1 x'])
                ON CONFLICT (key) DO UPDATE SET kind = 'statement' RETURNING id
            """),
            {"fingerprint": fingerprint},
        )
        database.session.execute(
            text("""
                INSERT INTO telemetry_rollups
                    (resolution, kind, start, series_id, release_id, count, total_us, buckets, counters)
                VALUES (:resolution, 'statement', :start, :series, 1, :calls, :total_us, '\\x80', '{"repeated": 40}')
            """),
            {
                "resolution": resolution,
                "start": at or clock.now() - timedelta(hours=2),
                "series": series,
                "calls": calls,
                "total_us": calls * mean_ms * 1000,
            },
        )
        database.session.commit()

    return record
