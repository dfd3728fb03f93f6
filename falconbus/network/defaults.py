"""What every bus line begins with: fare classes, and the seat layouts that an import or an admin can name."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from falconbus.network.models import FareClass, Seat, SeatLayout
from falconbus.platform.database.engine import db


@dataclass(frozen=True)
class Place:
    """One seat: `row` from the front, `column` from the left, the code of its fare class."""

    number: str
    row: int
    column: int
    fare_class: str


@dataclass(frozen=True)
class Layout:
    """The seats of a kind of bus."""

    code: str
    name: str
    places: tuple[Place, ...]


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


def _places(rows: tuple[tuple[int, ...], ...], *, comfort_rows: int = 0, other: str = "standard") -> Iterator[Place]:
    """Seats numbered row by row from "1"; the first `comfort_rows` are comfort, the rest `other`."""
    number = 0
    for row, columns in enumerate(rows, start=1):
        for column in columns:
            number += 1
            yield Place(str(number), row, column, "comfort" if row <= comfort_rows else other)


# The aisle is column 3; the bench at the back has a seat there.
_COACH = ((1, 2, 4, 5),) * 11 + ((1, 2, 3, 4, 5),)
_SLEEPER = ((1, 3, 4),) * 12

LAYOUTS = (
    Layout("coach-49", "Coach, 49 seats", tuple(_places(_COACH))),
    Layout("coach-49-comfort", "Coach, 49 seats, 12 of them comfort", tuple(_places(_COACH, comfort_rows=3))),
    Layout("sleeper-36", "Sleeper coach, 36 seats", tuple(_places(_SLEEPER, other="sleeper"))),
)


def ensure_defaults() -> None:
    """Add the fare classes and layouts that are missing; those that are there, changed or not, stay as they are."""
    db.session.execute(insert(FareClass).values(list(FARE_CLASSES)).on_conflict_do_nothing(index_elements=["code"]))
    class_ids = {row.code: row.id for row in db.session.execute(select(FareClass.code, FareClass.id))}
    for layout in LAYOUTS:
        layout_id = db.session.scalar(
            insert(SeatLayout)
            .values(code=layout.code, name=layout.name, capacity=len(layout.places))
            .on_conflict_do_nothing(index_elements=["code"])
            .returning(SeatLayout.id)
        )
        if layout_id is not None:
            db.session.execute(
                insert(Seat),
                [
                    {
                        "layout_id": layout_id,
                        "number": place.number,
                        "row": place.row,
                        "column": place.column,
                        "fare_class_id": class_ids[place.fare_class],
                    }
                    for place in layout.places
                ],
            )
