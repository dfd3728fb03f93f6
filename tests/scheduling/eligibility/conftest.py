"""A driver, and stops far apart."""

import pytest
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role, User
from falconbus.scheduling.staff_records.models import Leave, WorkingHours
from tests.scheduling.eligibility.duties import DAY, at, on_duty
from tests.scheduling.people import add_licence, add_person
from tests.world import World

POSITIONS = {"J": (-26.2, 28.05), "D": (-29.85, 31.02), "?": (None, None)}


@pytest.fixture
def thabo(database: SQLAlchemy) -> User:
    """A driver; beside him another one, who is busy, ill and late all the time."""
    other = add_person("other", Role.DRIVER, Role.ATTENDANT)
    add_licence(other, days=-1)
    on_duty(other, at(0, days=-3), at(23, days=3))
    database.session.add(Leave(staff_id=other.id, first_day=DAY, last_day=DAY, kind="sick"))
    database.session.add(WorkingHours(staff_id=other.id, weekday=1, begins_minute=0, ends_minute=1))
    person = add_person("thabo", Role.DRIVER)
    add_licence(person, days=1000)
    database.session.commit()
    return person


@pytest.fixture
def stop_ids(world: World) -> dict[str, int | None]:
    """The keys of stops some 500 km apart; None for a place that is none."""
    for code, (latitude, longitude) in POSITIONS.items():
        stop = world.add_stop(code)
        stop.latitude, stop.longitude = latitude, longitude
    world.commit()
    return {None: None, **{code: world.stops[code].id for code in POSITIONS}}  # type: ignore[dict-item]
