"""Default fare classes and seat layouts, which every database begins with."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from falconbus.network.models import FareClass, Seat, SeatLayout
from falconbus.platform.database.engine import db


@dataclass(frozen=True)
class DefaultSeat:
    """A seat: `row` counts from the front, `column` from the left; the code of its fare class."""

    number: str
    row: int
    column: int
    fare_class: str


@dataclass(frozen=True)
class DefaultLayout:
    """A seat layout with its seats."""

    code: str
    name: str
    seats: tuple[DefaultSeat, ...]


FARE_CLASSES: tuple[dict[str, str | int | bool], ...] = (
    {
        "code": "standard",
        "name": "Standard",
        "price_percent": 100,
        "refundable": True,
        "conditions": "One seat. Can be cancelled for a refund, less a fee, until shortly before departure.",
    },
    {
        "code": "comfort",
        "name": "Comfort",
        "price_percent": 150,
        "refundable": True,
        "conditions": "A wider seat at the front. Can be cancelled for a refund, less a fee.",
    },
    {
        "code": "sleeper",
        "name": "Sleeper",
        "price_percent": 200,
        "refundable": True,
        "conditions": "A seat that folds down to a bed. Can be cancelled for a refund, less a fee.",
    },
)


def _make_seats(
    rows: tuple[tuple[int, ...], ...], *, comfort_rows: int = 0, other_class: str = "standard"
) -> Iterator[DefaultSeat]:
    """Generate seats numbered row by row from "1"; the first `comfort_rows` are comfort, the rest `other_class`."""
    number = 0
    for row, columns in enumerate(rows, start=1):
        for column in columns:
            number += 1
            yield DefaultSeat(str(number), row, column, "comfort" if row <= comfort_rows else other_class)


# The aisle is column 3; the bench at the back has a seat there.
_COACH_COLUMNS = ((1, 2, 4, 5),) * 11 + ((1, 2, 3, 4, 5),)
_SLEEPER_COLUMNS = ((1, 3, 4),) * 12

LAYOUTS = (
    DefaultLayout("coach-49", "Coach, 49 seats", tuple(_make_seats(_COACH_COLUMNS))),
    DefaultLayout(
        "coach-49-comfort", "Coach, 49 seats, 12 of them comfort", tuple(_make_seats(_COACH_COLUMNS, comfort_rows=3))
    ),
    DefaultLayout("sleeper-36", "Sleeper coach, 36 seats", tuple(_make_seats(_SLEEPER_COLUMNS, other_class="sleeper"))),
)


def ensure_defaults() -> None:
    """Add the default fare classes and layouts that are missing; existing ones are not changed."""
    db.session.execute(insert(FareClass).values(list(FARE_CLASSES)).on_conflict_do_nothing(index_elements=["code"]))
    class_ids = {row.code: row.id for row in db.session.execute(select(FareClass.code, FareClass.id))}
    for layout in LAYOUTS:
        layout_id = db.session.scalar(
            insert(SeatLayout)
            .values(code=layout.code, name=layout.name, capacity=len(layout.seats))
            .on_conflict_do_nothing(index_elements=["code"])
            .returning(SeatLayout.id)
        )
        if layout_id is not None:
            db.session.execute(
                insert(Seat),
                [
                    {
                        "layout_id": layout_id,
                        "number": seat.number,
                        "row": seat.row,
                        "column": seat.column,
                        "fare_class_id": class_ids[seat.fare_class],
                    }
                    for seat in layout.seats
                ],
            )
