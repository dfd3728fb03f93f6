"""Registry of what buses are due on: the rooms above have those tables, and register their reads at the start."""

from collections.abc import Callable, Mapping

from sqlalchemy import text

from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock

_uses: dict[str, Callable[[], str]] = {}


def register(uses: Mapping[str, Callable[[], str]]) -> None:
    """Register makers of SELECTs of `bus_id`, a row for each ride to come (after `:now`), by the name in answers."""
    _uses.update(uses)


def count_rides(bus_id: int) -> dict[str, int]:
    """Return the numbers of rides that a bus is due on, by name."""
    columns = [
        f"(SELECT count(*) FROM ({select()}) AS use WHERE use.bus_id = :bus_id) AS {name}"  # noqa: S608  all of it is ours
        for name, select in _uses.items()
    ]
    row = db.session.execute(text(f"SELECT {', '.join(columns)}"), {"bus_id": bus_id, "now": clock.now()}).one()
    return row._asdict()
