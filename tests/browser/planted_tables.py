"""The tables of the planted endpoints, and the lines of code that are to be found."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from falconbus.app import FalconBus
from falconbus.platform.database.engine import db
from tests.browser import planted

DEPOTS = 12
LABEL = "label 4711"

_PLANT = (
    "CREATE TABLE planted_depots (id integer PRIMARY KEY, name text NOT NULL)",
    "CREATE TABLE planted_visits (id integer PRIMARY KEY, depot_id integer NOT NULL)",
    "CREATE TABLE planted_parcels (id integer PRIMARY KEY, label text NOT NULL, grams integer NOT NULL, note text)",
    f"INSERT INTO planted_depots SELECT n, 'Depot ' || n FROM generate_series(1, {DEPOTS}) n",
    f"INSERT INTO planted_visits SELECT n, 1 + n % {DEPOTS} FROM generate_series(1, 600) n",
    """INSERT INTO planted_parcels
       SELECT n, 'label ' || n, n % 30000, repeat('x', 150) FROM generate_series(1, 100000) n""",
    "ANALYZE planted_depots, planted_visits, planted_parcels",
)
_DROP = "DROP TABLE IF EXISTS planted_depots, planted_visits, planted_parcels"


@contextmanager
def planted_tables(app: FalconBus) -> Iterator[None]:
    """They are there, with rows, as long as the block runs."""
    with app.app_context():
        _run(_DROP, *_PLANT)
    try:
        yield
    finally:
        with app.app_context():
            _run(_DROP)


def place_of(function: Callable[..., object], code: str) -> str:
    """`tests/browser/planted.py:34 count_waiting`: the line of a planted function that holds `code`."""
    lines, first = inspect.getsourcelines(function)
    [number] = [number for number, line in enumerate(lines, first) if code in line]
    return f"tests/browser/planted.py:{number} {function.__name__}"


#: The way to the repeated statement, innermost first.
CHAIN = [
    place_of(planted.count_waiting, "execute("),
    place_of(planted.describe_depots, "count_waiting("),
    place_of(planted.list_depots, "describe_depots("),
]


def _run(*statements: str) -> None:
    with db.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = '60s'")
        for statement in statements:
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
