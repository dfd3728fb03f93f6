"""The database refuses a bus on a charter and on a line at once, whoever writes and in whichever way."""

from datetime import timedelta
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from falconbus.scheduling.appointments.models import Appointment, AppointmentStatus
from falconbus.timetable.models import Schedule
from tests.scheduling.buses.claims import RULE, both, rule_of
from tests.scheduling.charters import add_charter, tomorrow
from tests.world import World

HOUR = timedelta(hours=1)


@pytest.fixture
def schedule(world: World) -> Schedule:
    """A departure of the world's bus, tomorrow from ten to one."""
    return world.add_schedule(at=tomorrow(10))


def refused(database: SQLAlchemy, statement: str, **values: Any) -> str | None:
    """The rule that a statement breaks; it has to break one."""
    with pytest.raises(IntegrityError) as fault:
        database.session.execute(text(statement), values)
    database.session.rollback()
    return rule_of(fault.value)


@pytest.mark.parametrize(("starts", "hours"), [(8, 3), (12, 3), (11, 1), (9, 6), (10, 3)])
def test_a_charter_gets_no_bus_that_has_a_departure_then(
    world: World, schedule: Schedule, database: SQLAlchemy, starts: int, hours: int
) -> None:
    with pytest.raises(IntegrityError) as fault:
        add_charter(starts=tomorrow(starts), hours=hours, bus=world.bus)
    assert rule_of(fault.value) == RULE
    database.session.rollback()
    assert database.session.query(Appointment).count() == 0


@pytest.mark.parametrize(("starts", "hours"), [(8, 2), (13, 4)])
def test_it_gets_one_that_comes_back_or_leaves_at_that_very_moment(
    world: World, schedule: Schedule, starts: int, hours: int
) -> None:
    assert add_charter(starts=tomorrow(starts), hours=hours, bus=world.bus).bus_id == world.bus.id


def test_another_bus_another_day_and_what_is_cancelled_are_not_in_the_way(world: World, schedule: Schedule) -> None:
    other = world.add_bus("FB-2", world.layout)
    add_charter(starts=tomorrow(10), bus=other)
    add_charter(starts=tomorrow(10, days=2), bus=world.bus)
    add_charter(starts=tomorrow(10), bus=world.bus, status=AppointmentStatus.CANCELLED)
    add_charter(starts=tomorrow(10))
    world.add_schedule(at=tomorrow(15))
    assert both() == 0


def test_a_long_ride_that_began_days_before_is_seen(world: World, database: SQLAlchemy) -> None:
    schedule = world.add_schedule(at=tomorrow(10))
    schedule.arrival_time = schedule.departure_time + timedelta(days=9)
    database.session.commit()
    charter = add_charter(starts=tomorrow(10, days=9))
    change = "UPDATE appointments SET bus_id = :bus WHERE id = :id"
    assert refused(database, change, bus=world.bus.id, id=charter.id) == RULE


def test_a_charter_that_moves_or_comes_back_is_looked_at_again(
    world: World, schedule: Schedule, database: SQLAlchemy
) -> None:
    charter = add_charter(starts=tomorrow(14), bus=world.bus)
    gone = add_charter(starts=tomorrow(12), bus=world.bus, status=AppointmentStatus.CANCELLED)
    earlier = "UPDATE appointments SET starts_at = starts_at - interval '61 minutes' WHERE id = :id"
    assert refused(database, earlier, id=charter.id) == RULE
    assert refused(database, "UPDATE appointments SET status = 'pending' WHERE id = :id", id=gone.id) == RULE
    begun = "UPDATE appointments SET status = 'in_progress', starts_at = starts_at - interval '1h' WHERE id = :id"
    database.session.execute(text(begun), {"id": charter.id})
    database.session.commit()
    assert both() == 0


@pytest.mark.parametrize("hour", [6, 8, 11])
def test_a_departure_of_a_bus_on_a_charter_is_refused(world: World, database: SQLAlchemy, hour: int) -> None:
    add_charter(starts=tomorrow(8), bus=world.bus)
    with pytest.raises(IntegrityError) as fault:
        world.add_schedule(at=tomorrow(hour))
    assert rule_of(fault.value) == RULE
    database.session.rollback()
    assert world.add_schedule(at=tomorrow(12)).bus_id == world.bus.id


def test_one_clash_among_many_refuses_them_all(world: World, database: SQLAlchemy) -> None:
    add_charter(starts=tomorrow(10, days=60), bus=world.bus)
    before = database.session.query(Schedule).count()
    many = """
        INSERT INTO schedules (route_id, timetable_id, bus_id, departure_time, arrival_time, seats)
        SELECT route_id, id, bus_id, at, at + interval '1 hour', 12
        FROM timetables, generate_series(CAST(:first AS timestamptz), :last, '1 day') AS at WHERE id = :id
    """
    values = {"id": world.timetable.id, "first": tomorrow(12), "last": tomorrow(12, days=90)}
    assert refused(database, many, **values) == RULE
    assert database.session.query(Schedule).count() == before
    database.session.execute(text(many), {**values, "last": tomorrow(12, days=59)})
    assert database.session.query(Schedule).count() == before + 59


def test_a_departure_that_moves_or_gets_the_bus_is_refused(
    world: World, schedule: Schedule, database: SQLAlchemy
) -> None:
    other = world.add_bus("FB-2", world.layout)
    add_charter(starts=tomorrow(10), bus=other)
    add_charter(starts=tomorrow(13), bus=world.bus)
    for change in (
        "bus_id = :other",
        "arrival_time = arrival_time + interval '1 second'",
        "departure_time = departure_time + interval '3h', arrival_time = arrival_time + interval '3h'",
    ):
        values = {"other": other.id} if ":other" in change else {}
        assert refused(database, f"UPDATE schedules SET {change} WHERE id = :id", id=schedule.id, **values) == RULE
    database.session.execute(text("UPDATE schedules SET active = false, seats = 11, departure_time = departure_time"))
    database.session.commit()
    assert both() == 0


def test_a_bus_on_a_charter_is_not_deleted(world: World, database: SQLAlchemy) -> None:
    other = world.add_bus("FB-2", world.layout)
    add_charter(starts=tomorrow(10), bus=other)
    with pytest.raises(IntegrityError):
        database.session.execute(text("DELETE FROM buses WHERE id = :id"), {"id": other.id})
    database.session.rollback()
