"""Schedules made from timetables: on the right days, at the right instants, never twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from falconbus.app import FalconBus
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.timetable.models import Calendar, CalendarDate, Schedule, Timetable
from falconbus.timetable.service import make_schedules
from tests.world import World

NEW_YORK = "America/New_York"


def make(**arguments: Any) -> int:
    return transactions.run(lambda: make_schedules(**arguments))


def departures(timetable: Timetable) -> list[datetime]:
    db.session.rollback()
    statement = select(Schedule.departure_time).where(Schedule.timetable_id == timetable.id)
    return list(db.session.scalars(statement.order_by(Schedule.departure_time)))


def local(timetable: Timetable) -> list[str]:
    return [clock.local(at, timetable.time_zone).strftime("%d %b %H:%M") for at in departures(timetable)]


def test_each_day_of_the_horizon_gets_its_departure(world: World) -> None:
    with time_machine.travel(datetime(2026, 6, 1, 12, tzinfo=UTC), tick=False):
        timetable = world.add_timetable(world.route)
        assert make(until_days=3) >= 3
        # Today's, at eight, has left.
        assert local(timetable) == ["02 Jun 08:00", "03 Jun 08:00", "04 Jun 08:00"]


def test_a_departure_has_its_arrival_and_the_seats_of_its_bus(world: World, database: SQLAlchemy) -> None:
    timetable = world.add_timetable(world.route, bus=world.add_bus("L", world.add_layout("l", standard=30)))
    make(timetable_ids=[timetable.id])
    schedule = database.session.scalars(select(Schedule).where(Schedule.timetable_id == timetable.id)).first()
    assert schedule is not None
    assert (schedule.arrival_time - schedule.departure_time, schedule.seats) == (timedelta(hours=3), 30)
    assert (schedule.route_id, schedule.bus_id, schedule.active) == (world.route.id, timetable.bus_id, True)


def test_again_and_again_makes_nothing_twice(world: World) -> None:
    assert make() > 0
    assert make() == 0
    assert make(until_days=90) > 0


def test_only_the_timetables_asked_for(world: World) -> None:
    other = world.add_timetable(world.route, departure_minutes=600)
    assert make(timetable_ids=[world.timetable.id], until_days=5) >= 5
    assert departures(other) == []
    assert make(timetable_ids=[], until_days=5) == 0


def test_a_retired_timetable_makes_none(world: World) -> None:
    retired = world.add_timetable(world.route, departure_minutes=600, active=False)
    make()
    assert departures(retired) == []


def test_weekdays_validity_and_exceptions_decide(world: World, database: SQLAlchemy) -> None:
    with time_machine.travel(datetime(2026, 6, 1, 0, tzinfo=UTC), tick=False):  # a Monday
        calendar = Calendar(weekdays=0b0010001, valid_from=date(2026, 6, 5), valid_until=date(2026, 6, 19))
        database.session.add(calendar)
        database.session.flush()
        for day, runs in ((date(2026, 6, 8), False), (date(2026, 6, 2), True), (date(2026, 6, 25), True)):
            database.session.add(CalendarDate(calendar_id=calendar.id, day=day, runs=runs))
        timetable = world.add_timetable(world.route, calendar_id=calendar.id)
        make()
    days = [at.date() for at in departures(timetable)]
    # Mondays and Fridays from the 5th to the 19th, without the 8th; and two single days.
    assert days == [date(2026, 6, day) for day in (2, 5, 12, 15, 19, 25)]


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        (date(2026, 3, 8), timedelta(hours=-5), timedelta(hours=-4)),
        (date(2026, 11, 1), timedelta(hours=-4), timedelta(hours=-5)),
    ],
)
def test_the_wall_clock_holds_across_daylight_saving(day: date, before: Any, after: Any, world: World) -> None:
    with time_machine.travel(datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=2), tick=False):
        morning = world.add_timetable(world.route, time_zone=NEW_YORK, departure_minutes=8 * 60)
        make(until_days=5)
    offsets = {at.astimezone(UTC).date(): clock.local(at, NEW_YORK).utcoffset() for at in departures(morning)}
    assert {text[-5:] for text in local(morning)} == {"08:00"}
    assert (offsets[day - timedelta(days=1)], offsets[day], offsets[day + timedelta(days=1)]) == (before, after, after)


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)])
@pytest.mark.parametrize("minutes", [0, 90, 150, 480, 1440, 1530, 2880 + 90])
def test_instants_are_the_clocks_own(minutes: int, day: date, world: World) -> None:
    """The database and kit.clock count from noon less twelve hours alike, in both nights of the year that change."""
    with time_machine.travel(datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=4), tick=False):
        begin, now = clock.today(NEW_YORK), clock.now()
        timetable = world.add_timetable(world.route, time_zone=NEW_YORK, departure_minutes=minutes)
        calendar = db.session.get_one(Calendar, timetable.calendar_id)
        calendar.valid_from = begin - timedelta(days=30)
        make(until_days=8)
    services = [begin + timedelta(days=ahead) for ahead in range(-7, 9)]
    expected = [clock.service_instant(service, minutes, NEW_YORK) for service in services]
    assert departures(timetable) == [at for at in expected if at > now]


def test_a_departure_past_midnight_of_yesterdays_service_is_still_made(world: World) -> None:
    with time_machine.travel(datetime(2026, 6, 1, 20, tzinfo=UTC), tick=False):
        night = world.add_timetable(world.route, departure_minutes=25 * 60 + 30)
        calendar = db.session.get_one(Calendar, night.calendar_id)
        calendar.valid_from -= timedelta(days=2)
        make(until_days=1)
        assert local(night) == ["02 Jun 01:30", "03 Jun 01:30"]


def test_a_year_later_there_are_departures_again(world: World, database: SQLAlchemy) -> None:
    calendar = db.session.get_one(Calendar, world.timetable.calendar_id)
    calendar.valid_until += timedelta(days=1000)
    database.session.commit()
    make()
    later = clock.now() + timedelta(days=365)
    with time_machine.travel(later, tick=False):
        assert max(departures(world.timetable)) < later
        assert make() >= 60
        assert len([at for at in departures(world.timetable) if at > later]) >= 60


def test_a_bus_that_leaves_on_the_route_at_that_time_already_is_not_doubled(world: World, database: SQLAlchemy) -> None:
    twin = world.add_timetable(world.route)
    count = make(timetable_ids=[world.timetable.id, twin.id], until_days=10)
    assert count == len(departures(world.timetable)) + len(departures(twin))
    database.session.rollback()
    doubles = database.session.execute(
        text("SELECT count(*) - count(DISTINCT (route_id, bus_id, departure_time)) FROM schedules")
    )
    assert doubles.scalar_one() == 0


def test_two_runs_at_once_make_each_departure_once(app: FalconBus, world: World, database: SQLAlchemy) -> None:
    def once(_: int) -> int:
        with app.app_context():
            return make(until_days=30)

    database.session.rollback()
    with ThreadPoolExecutor(4) as pool:
        made = sum(pool.map(once, range(4)))
    assert made + 1 == database.session.query(Schedule).count()
