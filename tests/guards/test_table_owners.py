"""SQL names only tables of its own room and of those below, as imports do; the order is import-linter's."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
import sqlglot
from sqlalchemy import Table
from sqlglot import expressions as exp
from sqlglot.errors import SqlglotError

from falconbus.platform.database.engine import Model
from falconbus.registry import FEATURES
from tests.guards import named_tables

ROOT = Path(__file__).parents[2]
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text()
    for path in sorted((ROOT / "falconbus").rglob("*.py"))
}


def _contracts() -> Iterator[tuple[str, dict[str, int]]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for contract in settings["tool"]["importlinter"]["contracts"]:
        layers = enumerate(contract.get("layers", ()))
        depths = {room.strip(" ()"): depth for depth, layer in layers for room in re.split("[|:]", layer)}
        for container in contract.get("containers", ()):
            yield container, depths


#: Each container of rooms with the depth of each room in it.
CONTRACTS = tuple(_contracts())


def owners() -> dict[str, str]:
    """The module that owns each table, which FEATURES imports."""
    assert FEATURES
    return {cast(Table, mapper.local_table).name: mapper.class_.__module__ for mapper in Model.registry.mappers}


def room(module: str, container: str) -> str | None:
    """The room of a container that a module is in."""
    inside = module.removeprefix(f"{container}.")
    return None if inside == module else inside.split(".")[0]


def may_name(module: str, owner: str) -> bool:
    """Whether a module may name tables of another: its room is the same, or lies above, in every container of both."""
    for container, depths in CONTRACTS:
        ours, theirs = room(module, container), room(owner, container)
        if ours != theirs and ours in depths and theirs in depths and depths[theirs] <= depths[ours]:
            return False
    return True


def complaints(module: str, source: str) -> list[str]:
    """The tables that a module names and may not."""
    owned_by = owners()
    return [
        f"{module}:{line} names {table} of {owned_by[table]}"
        for line, table in named_tables.in_module(source)
        if table in owned_by and not may_name(module, owned_by[table])
    ]


def test_every_table_has_an_owner() -> None:
    assert set(Model.metadata.tables) == set(owners())


def test_no_room_names_a_table_of_a_higher_one() -> None:
    found = [complaint for module, source in SOURCES.items() for complaint in complaints(module, source)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "tables"),
    [
        ('SQL = f"JOIN appointments AS a ON a.id = {x}"', {"appointments"}),
        ('SQL = f"{X}FROM {y} AS y, public.payments AS p WHERE p.id = 1"', {"payments"}),
        ('SQL = f"""WITH a AS (SELECT * FROM payments) {x}"""', {"payments"}),
        (
            'SQL = "WITH mails (id) AS (SELECT 1), refunds AS NOT MATERIALIZED (SELECT 2) SELECT FROM mails, refunds"',
            set(),
        ),
        (
            'SQL = "SELECT 1 FROM tickets AS payments JOIN stops USING (services), journeys"',
            {"tickets", "stops", "journeys"},
        ),
        (
            'SQL = "SELECT (SELECT 1 FROM (tickets t CROSS JOIN stops)), mails FROM unnest(a, users)"',
            {"tickets", "stops"},
        ),
        ('SQL = "DELETE FROM schedules USING seat_claims AS claim WHERE true"', {"schedules", "seat_claims"}),
        ('SQL = "INSERT INTO mails (kind) SELECT kind FROM (SELECT 1) AS one, bookings"', {"mails", "bookings"}),
        ('SQL = "UPDATE ONLY buses SET active = false FROM journeys, refunds"', {"buses", "journeys", "refunds"}),
        ("""SQL = 'update bookings set status = %s from "refunds"'""", {"bookings", "refunds"}),
        ('SQL = "TRUNCATE TABLE users, mails"', {"users", "mails"}),
        ("""SQL = "SELECT 'FROM payments' -- JOIN refunds" """, set()),
        ('claims = sa.table("seat_claims", column("schedule_id"))', {"seat_claims"}),
        ('statement = sql.SQL("SELECT FROM {}").format(sql.Identifier("payments"))', {"payments"}),
        ('def f():\n    """Take it FROM payments."""\n    return "refunds from payments"', set()),
    ],
)
def test_tables_are_found_in_sql_of_every_shape(source: str, tables: set[str]) -> None:
    assert {name for _, name in named_tables.in_module(source)} & set(owners()) == tables


@pytest.mark.parametrize(
    ("module", "is_refused"),
    [
        ("falconbus.platform.caching.tags", True),
        ("falconbus.network.queries", True),
        ("falconbus.timetable.queries", True),
        ("falconbus.scheduling.appointments.queries", False),
        ("falconbus.inventory.queries", False),
        ("falconbus.site.queries", False),
    ],
)
def test_a_planted_name_is_seen(module: str, *, is_refused: bool) -> None:
    planted = 'BUSY = f"... {x} LEFT JOIN appointments USING (bus_id)"'
    assert bool(complaints(module, planted)) is is_refused


def test_rooms_side_by_side_name_nothing_of_each_other() -> None:
    assert not may_name("falconbus.site.queries", "falconbus.performance.advisor.models")
    assert not may_name("falconbus.platform.runtime.up", "falconbus.platform.integrations.payments.sandbox")


def test_a_parser_finds_no_table_that_is_not_found_here() -> None:
    """In the rooms' whole statements, as far as sqlglot understands them."""
    understood, known = 0, set(owners())
    for source in SOURCES.values():
        for _, text in named_tables.strings(source):
            if not named_tables.WHOLE.match(text):
                continue
            try:
                tree = sqlglot.parse_one(text, dialect="postgres")
            except SqlglotError:
                continue
            common = {each.alias for each in tree.find_all(exp.CTE)}
            tables = {each.name for each in tree.find_all(exp.Table)} & known - common
            assert tables == named_tables.in_statement(text) & known, text
            understood += bool(tables)
    assert understood > 50
