"""Departures are made around charters, and operators are told which are missing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments import departures
from falconbus.scheduling.appointments.models import Appointment, AppointmentStatus
from falconbus.scheduling.notifications.models import Notification, NotificationKind
from falconbus.timetable.models import Schedule, Timetable
from falconbus.timetable.service import BlockedDeparture, find_blocked_departures, make_schedules
from tests.gtfs.feeds import feed, load, row
from tests.scheduling.buses.claims import RULE, both, give, rule_of
from tests.scheduling.charters import add_charter, tomorrow
from tests.scheduling.people import add_person
from tests.world import ZONE, World


def days_of(database: SQLAlchemy, timetable: Timetable) -> list[int]:
    """How many days ahead of today a timetable's departures are, without today's."""
    database.session.rollback()
    found = database.session.scalars(
        select(Schedule.departure_time).where(Schedule.timetable_id == timetable.id).order_by(Schedule.departure_time)
    )
    today = clock.today(ZONE)
    days = [(clock.local(at, ZONE).date() - today).days for at in found]
    return [day for day in days if day]


def make(**arguments: object) -> int:
    return transactions.run(lambda: make_schedules(until_days=5, **arguments))  # type: ignore[arg-type]


def test_the_day_of_a_charter_is_left_out_and_made_when_it_is_cancelled(world: World, database: SQLAlchemy) -> None:
    charter = add_charter(starts=tomorrow(10, days=3), bus=world.bus)
    add_charter(starts=tomorrow(11, days=4), bus=world.bus)
    add_charter(starts=tomorrow(8, days=2), bus=world.bus, status=AppointmentStatus.CANCELLED)
    add_charter(starts=tomorrow(8, days=2), bus=world.add_bus("FB-2", world.layout))
    make()
    assert days_of(database, world.timetable) == [1, 2, 4, 5]
    charter.cancel(at=clock.now(), reason="rain")
    database.session.commit()
    assert make() == 1
    assert days_of(database, world.timetable) == [1, 2, 3, 4, 5]
    assert both() == 0


def test_what_is_left_out_is_told_with_all_that_an_operator_needs(world: World) -> None:
    second = add_charter(starts=tomorrow(10, days=3), bus=world.bus)
    first = add_charter(starts=tomorrow(6, days=3), hours=3, bus=world.bus)
    add_charter(starts=tomorrow(12, days=400), bus=world.bus)
    other = world.add_timetable(world.route, bus=world.bus, departure_minutes=13 * 60 + 30)
    make()
    expected = [
        BlockedDeparture(world.timetable.id, "A - D", tomorrow(8, days=3), "FB-1", ZONE, first.reference),
        BlockedDeparture(
            other.id, "A - D", tomorrow(13, days=3) + timedelta(minutes=30), "FB-1", ZONE, second.reference
        ),
    ]
    ours = [each for each in find_blocked_departures(until_days=5) if each.route_name == "A - D"]
    assert ours == expected
    assert find_blocked_departures(until_days=5, timetable_ids=[other.id]) == expected[1:]
    assert find_blocked_departures(until_days=2) == find_blocked_departures(until_days=5, timetable_ids=[]) == []


def test_a_departure_with_another_coach_is_not_missing(world: World, database: SQLAlchemy) -> None:
    other = world.add_bus("FB-2", world.layout)
    add_charter(starts=tomorrow(10, days=3), bus=world.bus)
    world.add_schedule(days=3, bus=other)
    make()
    assert find_blocked_departures(until_days=5, timetable_ids=[world.timetable.id]) == []
    assert days_of(database, world.timetable) == [1, 2, 3, 4, 5]


def test_operators_are_told_once_a_night_and_only_when_there_is_something(world: World, database: SQLAlchemy) -> None:
    operators = [add_person("naledi", Role.OPERATOR), add_person("sipho", Role.OPERATOR)]
    add_person("dan", Role.DRIVER)
    bus = world.add_bus("FB-2", world.layout)
    timetable = world.add_timetable(world.route, bus=bus)
    world.commit()
    assert transactions.run(departures.make_schedules) > 0
    assert database.session.query(Notification).count() == 0
    database.session.query(Schedule).where(Schedule.timetable_id == timetable.id).delete()
    database.session.commit()
    charter = add_charter(starts=tomorrow(9, days=3), bus=bus)
    transactions.run(departures.make_schedules)
    told = database.session.scalars(select(Notification).order_by(Notification.id)).all()
    assert [(each.staff_id, each.kind) for each in told] == [
        (each.id, NotificationKind.BUS_CHARTERED) for each in operators
    ]
    assert told[0].title == "A departure is not on sale: its bus is on charter"
    day = tomorrow(8, days=3).date()
    assert told[0].message == f"A - D, {day} 08:00+02:00, bus FB-2: charter {charter.reference}"


def test_a_long_list_is_cut(world: World, database: SQLAlchemy) -> None:
    add_person("naledi", Role.OPERATOR)
    bus = world.add_bus("FB-2", world.layout)
    world.add_timetable(world.route, bus=bus)
    world.commit()
    add_charter(starts=tomorrow(6), hours=24 * 52, bus=bus)
    transactions.run(departures.make_schedules)
    (told,) = database.session.scalars(select(Notification))
    assert told.title == "52 departures are not on sale: their buses are on charter"
    lines = told.message.splitlines()
    assert (len(lines), lines[-1]) == (51, "and 2 more")


def test_charters_that_come_while_departures_are_made_wait_for_them(
    app: FalconBus, world: World, database: SQLAlchemy
) -> None:
    """The night's work takes its buses first, so that nothing it has planned is taken away on the way."""
    bus = world.add_bus("FB-2", world.layout)
    timetable = world.add_timetable(world.route, bus=bus)
    world.commit()
    charters = [add_charter(starts=tomorrow(9, days=day)) for day in range(1, 31)]
    ids, bus_id = [charter.id for charter in charters], bus.id

    def charter_it(charter_id: int) -> str | None:
        with app.app_context():
            try:
                transactions.run(lambda: give(database.session.connection(), charter_id, bus_id))
            except IntegrityError as fault:
                return rule_of(fault)
            return "got it"

    def night(_: int) -> int:
        with app.app_context():
            return transactions.run(lambda: make_schedules(until_days=30))

    with ThreadPoolExecutor(4) as pool:
        given = [pool.submit(charter_it, each) for each in ids[:15]]
        nights = [pool.submit(night, 0) for _ in range(3)]
        given += [pool.submit(charter_it, each) for each in ids[15:]]
        assert {each.result() for each in given} <= {"got it", RULE}
        assert sum(each.result() for each in nights) > 0
    night(0)
    database.session.rollback()
    chartered = database.session.scalars(select(Appointment.id).where(Appointment.bus_id == bus_id)).all()
    assert both() == 0
    assert len(days_of(database, timetable)) + len(chartered) == 30


def test_an_import_goes_around_a_charter(world: World, database: SQLAlchemy) -> None:
    load(feed(), horizon_days=5)
    (bus_id,) = row("SELECT bus_id FROM schedules s JOIN routes r ON r.id = route_id"
                    " WHERE r.feed_key LIKE 'tl:%' LIMIT 1")  # fmt: skip
    charter = add_charter(starts=tomorrow(0, days=8), hours=24, bus_id=bus_id)
    assert load(feed(), horizon_days=10).counts["schedules"] == 4
    assert both() == 0
    charter.cancel(at=clock.now(), reason="rain")
    database.session.commit()
    assert load(feed(), horizon_days=10).counts["schedules"] == 1
