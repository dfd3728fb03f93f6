"""Vitals of PostgreSQL, with planted trouble."""

import threading
import time
from collections.abc import Callable

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.performance.vitals import postgres
from falconbus.performance.vitals.unused_indexes import unused_indexes
from tests.counting import statements

Plant = Callable[[str], None]

PLANTED = """
    CREATE TABLE houses (id integer PRIMARY KEY, city text, street text, code text UNIQUE);
    CREATE TABLE lodgers (
        id integer PRIMARY KEY, house_id integer CONSTRAINT lodgers_to_houses REFERENCES houses,
        second_id integer CONSTRAINT lodgers_to_second REFERENCES houses);
    CREATE INDEX ix_city ON houses (city);
    CREATE INDEX ix_city_street ON houses (city, street);
    CREATE INDEX ix_city_again ON houses (city);
    CREATE INDEX ix_code ON houses (code);
    CREATE INDEX ix_city_of_some ON houses (city) WHERE street IS NOT NULL;
    CREATE INDEX ix_city_backwards ON houses (city DESC);
    CREATE INDEX ix_city_by_letters ON houses (city text_pattern_ops);
    CREATE INDEX ix_city_hash ON houses USING hash (city);
    CREATE INDEX ix_lodgers_second ON lodgers (second_id, id);
    CREATE INDEX ix_lodgers_read ON lodgers (id, house_id);
    INSERT INTO houses SELECT n, 'City ' || n, 'Street', 'Code ' || n FROM generate_series(1, 2000) n;
    INSERT INTO lodgers SELECT n, n, n FROM generate_series(1, 2000) n;
    ANALYZE houses, lodgers
"""


def test_sizes_shares_and_connections(plant: Plant, database: SQLAlchemy) -> None:
    plant(PLANTED)
    with statements() as sent:
        found = postgres.vitals()
    assert len(sent) <= 6
    assert found.version.startswith(("16", "17", "18", "19"))
    assert found.database_bytes > 5_000_000
    assert found.cache_hit_share is None or 0 <= found.cache_hit_share <= 1
    assert found.connections["active"] >= 1
    assert found.connections_most >= found.connections_used >= sum(found.connections.values())
    houses = next(table for table in found.tables if table.name == "houses")
    assert houses.rows == 2000
    assert houses.bytes > 50_000
    assert houses.index_bytes > 100_000
    assert [table.bytes + table.index_bytes for table in found.tables] == sorted(
        (table.bytes + table.index_bytes for table in found.tables), reverse=True
    )
    assert "houses_pkey" in {index.name for index in found.indexes if index.primary and index.unique}


def test_duplicates_are_those_that_another_index_serves_wholly(plant: Plant, database: SQLAlchemy) -> None:
    plant(PLANTED)
    found = {each.name: each for each in postgres.vitals().duplicate_indexes if each.table == "houses"}
    assert {name: each.covered_by for name, each in found.items()} == {
        "ix_city": "ix_city_street",
        "ix_city_again": "ix_city_street",
        "ix_code": "houses_code_key",
    }
    assert found["ix_code"].same
    assert not found["ix_city"].same
    assert found["ix_code"].bytes > 0


def test_of_two_equal_indexes_one_stays(plant: Plant, database: SQLAlchemy) -> None:
    plant("CREATE TABLE pairs (a integer)")
    plant("CREATE INDEX second_of_pair ON pairs (a); CREATE INDEX first_of_pair ON pairs (a)")
    found = [each for each in postgres.vitals().duplicate_indexes if each.table == "pairs"]
    assert [(each.name, each.covered_by, each.same) for each in found] == [("second_of_pair", "first_of_pair", True)]


def test_unused_are_those_that_nothing_needs(plant: Plant, database: SQLAlchemy) -> None:
    plant(PLANTED)
    with database.engine.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))
        connection.execute(text("SELECT house_id FROM lodgers WHERE house_id = 5")).all()
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
    end = time.monotonic() + 10
    while time.monotonic() < end:
        unused = {each.name for each in postgres.vitals().unused_indexes}
        database.session.rollback()
        if "ix_lodgers_read" not in unused:
            break
        time.sleep(0.05)
    assert {"ix_city", "ix_city_of_some"} <= unused
    listed, summed = postgres.vitals().unused_indexes, unused_indexes()
    assert (summed.number, summed.bytes) == (len(listed), sum(index.bytes for index in listed))
    assert not unused & {"ix_lodgers_read", "ix_lodgers_second", "houses_pkey", "houses_code_key"}


def test_a_foreign_key_needs_an_index_that_begins_with_it(plant: Plant, database: SQLAlchemy) -> None:
    plant(PLANTED)
    found = {each.name: each for each in postgres.vitals().foreign_keys_without_index if each.table == "lodgers"}
    assert list(found) == ["lodgers_to_houses"]
    one = found["lodgers_to_houses"]
    assert (one.columns, one.references, one.rows) == (["house_id"], "houses", 2000)
    assert one.definition == "CREATE INDEX CONCURRENTLY ix_lodgers_house_id ON lodgers (house_id)"


def test_who_waits_for_whom_is_told_without_their_statements(plant: Plant, database: SQLAlchemy) -> None:
    plant("CREATE TABLE rooms (id integer PRIMARY KEY); INSERT INTO rooms VALUES (1)")

    engine = database.engine

    def wait() -> None:
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL application_name = 'the one that waits'"))
            connection.execute(text("LOCK TABLE rooms IN ACCESS EXCLUSIVE MODE"))

    with database.engine.connect() as holder:
        mine = holder.scalar(text("SELECT pg_backend_pid() FROM rooms"))
        thread = threading.Thread(target=wait)
        thread.start()
        end = time.monotonic() + 1.8
        while not (found := postgres.vitals().waiting) and time.monotonic() < end:
            database.session.rollback()
            time.sleep(0.02)
        database.session.rollback()
        holder.rollback()
        thread.join()
    [waiting] = found
    assert (waiting.application, waiting.table, waiting.blocked_by) == ("the one that waits", "rooms", [mine])
    assert waiting.lock == "AccessExclusiveLock"
