"""Migration 0020: journeys sold before get terms, and so do those that the release before goes on selling."""

from collections.abc import Iterator

import flask_migrate
import pytest
from alembic.script import Script, ScriptDirectory
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.app import FalconBus
from tests.world import World

_STEPS = [{"minutes_before": 1440, "percent": 90}, {"minutes_before": 120, "percent": 50}]
#: What the release before writes.
_SELL = """
    INSERT INTO bookings (id, reference, status, email, total, currency, created_at, expires_at)
    VALUES (:id, 'ABCD234' || :id, 'held', 'a@example.com', 1, 'ZAR', now(), now());
    INSERT INTO journeys (booking_id, number, schedule_id, fare_class_id, origin_position, destination_position,
        origin_id, destination_id, departs_at, arrives_at)
    SELECT :id, number, s.id, c.id, 0, 1, r.origin_id, r.destination_id, now(), now() + interval '1 hour'
    FROM schedules s JOIN routes r ON r.id = s.route_id
    JOIN (VALUES (1, 'standard'), (2, 'comfort')) AS sold (number, code) ON true JOIN fare_classes c USING (code)
"""
_TERMS = text("""
    SELECT booking_id, number, route_name, fare_class_name, conditions, refund_steps
    FROM journeys ORDER BY booking_id, number
""")


@pytest.fixture
def old(app: FalconBus, database: SQLAlchemy, world: World) -> Iterator[SQLAlchemy]:
    """The database as the release before knows it, with a journey sold; afterwards it is as it was."""
    world.comfort.refundable, world.standard.conditions = False, "One seat."
    world.commit()
    flask_migrate.downgrade(revision=str(_script(app).down_revision))
    sell(database, 1)
    yield database
    database.session.rollback()
    flask_migrate.upgrade()


def _script(app: FalconBus) -> Script:
    return ScriptDirectory(app.config["MIGRATIONS"]).get_revision("0024")


def sell(database: SQLAlchemy, booking_id: int) -> None:
    for statement in _SELL.split(";\n"):
        database.session.execute(text(statement), {"id": booking_id})
    database.session.commit()


def terms(database: SQLAlchemy) -> list[tuple[object, ...]]:
    found = [tuple(row) for row in database.session.execute(_TERMS)]
    database.session.rollback()
    return found


def of_sale(booking_id: int) -> list[tuple[object, ...]]:
    return [
        (booking_id, 1, "X - Y", "Standard", "One seat.", _STEPS),
        (booking_id, 2, "X - Y", "Comfort", "", []),
    ]


def test_what_was_sold_before_has_the_terms_of_the_day(old: SQLAlchemy) -> None:
    flask_migrate.upgrade()
    assert terms(old) == of_sale(1)


def test_the_release_before_goes_on_selling(old: SQLAlchemy) -> None:
    flask_migrate.upgrade()
    sell(old, 2)
    assert terms(old) == [*of_sale(1), *of_sale(2)]
