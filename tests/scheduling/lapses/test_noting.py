"""What was checked when a ride was given away is looked at again: listed while it does not hold, and told once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from falconbus.accounts.models import Role, User
from falconbus.app import FalconBus
from falconbus.network.models import Bus
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments import departures
from falconbus.scheduling.appointments.models import AppointmentStatus
from falconbus.scheduling.assignments.models import AssignmentStatus, CrewRole
from falconbus.scheduling.lapses import conditions, noting
from falconbus.scheduling.lapses.models import Lapse, LapseKind
from falconbus.scheduling.notifications.models import Notification
from falconbus.scheduling.staff_records.models import Leave, Licence
from falconbus.timetable.models import Schedule
from tests.counting import statements
from tests.scheduling.charters import add_assignment, add_charter, tomorrow
from tests.scheduling.people import add_licence, add_person, headers_of
from tests.world import World

LAPSES = "/api/v1/scheduling/lapses"


@pytest.fixture
def operator(world: World) -> User:
    """An operator; another bus has a departure and a charter, and its driver a licence, that nothing is wrong with."""
    bus = world.add_bus("FB-9", world.layout)
    world.add_schedule(bus=bus)
    other = add_person("other", Role.DRIVER)
    charter = add_charter(bus=bus, status=AppointmentStatus.ACCEPTED)
    add_assignment(charter, other, CrewRole.DRIVER, AssignmentStatus.ACCEPTED)
    db.session.add(Leave(staff_id=other.id, first_day=date(2099, 1, 1), last_day=date(2099, 1, 2), kind="annual"))
    return add_person("olga", Role.OPERATOR)


@pytest.fixture
def bus(world: World) -> Bus:
    bus = world.add_bus("FB-2", world.layout)
    world.commit()
    return bus


@pytest.fixture
def driver(world: World) -> User:
    return add_person("sipho", Role.DRIVER)


def note() -> int:
    return transactions.run(noting.note_lapses)


def told(who: User) -> list[tuple[str, str]]:
    """The titles and texts of the lapses that somebody was told of."""
    db.session.rollback()
    statement = select(Notification.title, Notification.message).where(
        Notification.staff_id == who.id, Notification.kind == "lapsed"
    )
    return [(row.title, row.message) for row in db.session.execute(statement.order_by(Notification.id))]


def listed(client: FlaskClient, who: User, query: str = "") -> list[dict[str, object]]:
    answer = client.get(LAPSES + query, headers=headers_of(who))
    assert answer.status_code == 200
    return list(answer.json["results"])


def test_a_bus_out_of_service_says_what_it_is_due_on_and_the_office_is_told_once(
    world: World, client: FlaskClient, operator: User, bus: Bus
) -> None:
    schedule = world.add_schedule(bus=bus, days=3)
    world.add_schedule(bus=bus, days=4).active = False
    charter = add_charter(bus=bus)
    add_charter(bus=bus, starts=tomorrow(10, days=2), status=AppointmentStatus.CANCELLED)
    headers = headers_of(operator)
    assert note() == 0
    answer = client.patch(f"/api/v1/buses/{bus.id}", json={"active": False}, headers=headers)
    assert (answer.status_code, answer.json["affected"]) == (200, {"departures": 1, "charters": 1})
    assert note() == 2
    assert note() == 0, "told once"
    ((title, text),) = told(operator)
    assert title == "Out of service, and due on a ride (2)"
    assert "bus FB-2 is out of service" in text
    assert charter.reference in text
    rows = listed(client, operator)
    assert {(row["kind"], row["reference"], row["schedule_id"]) for row in rows} == {
        ("bus_out_of_service", charter.reference, None),
        ("bus_out_of_service", None, schedule.id),
    }
    assert all(row["bus"] == {"id": bus.id, "number": "FB-2"} for row in rows)
    assert client.patch(f"/api/v1/buses/{bus.id}", json={"active": True}, headers=headers).json["affected"] == {}
    assert (note(), listed(client, operator)) == (0, [])


def test_another_bus_mends_it(world: World, client: FlaskClient, operator: User, bus: Bus) -> None:
    schedule = world.add_schedule(bus=bus, days=3)
    bus.active = False
    db.session.commit()
    assert note() == 1
    other = world.add_bus("FB-3", world.layout)
    world.commit()
    answer = client.patch(f"/api/v1/schedules/{schedule.id}", json={"bus_id": other.id}, headers=headers_of(operator))
    assert answer.status_code == 200
    assert (note(), listed(client, operator)) == (0, [])


def test_no_departure_is_made_with_a_bus_out_of_service(world: World, operator: User, bus: Bus) -> None:
    timetable = world.add_timetable(world.route, bus=bus)
    bus.active = False
    world.commit()
    transactions.run(departures.make_schedules)
    made = select(func.count()).where(Schedule.timetable_id == timetable.id)
    assert db.session.scalar(made) == 0
    (notice,) = db.session.scalars(select(Notification).where(Notification.staff_id == operator.id))
    assert notice.title.endswith("are not on sale: their buses are out of service")
    assert "bus FB-2: out of service" in notice.message
    bus.active = True
    world.commit()
    transactions.run(departures.make_schedules)
    assert (db.session.scalar(made) or 0) > 0


def end_licence(driver: User) -> None:
    licence = db.session.scalars(select(Licence).where(Licence.staff_id == driver.id)).one()
    licence.expires_on = clock.now().date()


def remove_licence(driver: User) -> None:
    db.session.delete(db.session.scalars(select(Licence).where(Licence.staff_id == driver.id)).one())


def add_expired_kind(driver: User) -> None:
    add_licence(driver, days=-2, kind="EC")


def grant_leave(driver: User) -> None:
    day = tomorrow(10, days=3).date()
    db.session.add(Leave(staff_id=driver.id, first_day=day - timedelta(days=1), last_day=day, kind="annual"))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (end_licence, "licence_expired"),
        (remove_licence, "licence_expired"),
        (add_expired_kind, "licence_expired"),
        (grant_leave, "on_leave"),
    ],
)
@pytest.mark.parametrize("status", [AssignmentStatus.OFFERED, AssignmentStatus.ACCEPTED])
def test_a_driver_who_may_not_do_it_any_more_is_told_of(
    client: FlaskClient,
    operator: User,
    driver: User,
    change: Callable[[User], None],
    kind: str,
    status: AssignmentStatus,
) -> None:
    charter = add_charter(starts=tomorrow(10, days=3), status=AppointmentStatus.ASSIGNED)
    add_assignment(charter, driver, CrewRole.DRIVER, status)
    assert note() == 0
    change(driver)
    db.session.commit()
    assert (note(), note()) == (1, 0)
    assert len(told(operator)) == 1
    (row,) = listed(client, operator, f"?kind={kind}")
    assert (row["staff"], row["reference"]) == ({"id": driver.id, "name": "Sipho"}, charter.reference)
    assert listed(client, operator, "?kind=unserved") == []


def test_the_crew_of_a_departure_is_looked_at_too(
    world: World, client: FlaskClient, operator: User, driver: User
) -> None:
    schedule = world.add_schedule(days=3)
    crew = {"driver_id": driver.id, "attendant_ids": []}
    address = f"/api/v1/scheduling/schedules/{schedule.id}/crew"
    assert client.put(address, json=crew, headers=headers_of(operator)).status_code == 200
    grant_leave(driver)
    db.session.commit()
    assert note() == 1
    (row,) = listed(client, operator)
    assert (row["kind"], row["schedule_id"], row["reference"]) == ("on_leave", schedule.id, None)
    assert str(row["detail"]).startswith("A - D, ")
    client.put(address, json={"driver_id": None, "attendant_ids": []}, headers=headers_of(operator))
    assert (note(), listed(client, operator)) == (0, [])


def test_an_attendant_needs_no_licence(operator: User) -> None:
    attendant = add_person("thabo", Role.ATTENDANT)
    add_assignment(add_charter(status=AppointmentStatus.ASSIGNED), attendant, CrewRole.ATTENDANT)
    assert note() == 0


def test_the_day_before_a_ride_past_midnight_ends_its_licence_in_the_offices_time(operator: User, driver: User) -> None:
    """Until midnight the licence holds; a minute later it does not."""
    remove_licence(driver)
    db.session.commit()
    starts = tomorrow(20, days=2)
    add_licence(driver, days=(starts.date() - clock.now().date()).days)
    charter = add_charter(starts=starts, hours=4, status=AppointmentStatus.ASSIGNED)
    assignment = add_assignment(charter, driver)
    assert note() == 0
    assignment.ends_at += timedelta(minutes=1)
    db.session.commit()
    assert note() == 1


@pytest.mark.parametrize(
    ("status", "hours_ago", "kind"),
    [
        (AppointmentStatus.PENDING, 1, "unserved"),
        (AppointmentStatus.ASSIGNED, 1, "unserved"),
        (AppointmentStatus.ACCEPTED, 1, None),
        (AppointmentStatus.IN_PROGRESS, 1, None),
        (AppointmentStatus.ACCEPTED, 7, "not_closed"),
        (AppointmentStatus.IN_PROGRESS, 7, "not_closed"),
        (AppointmentStatus.IN_PROGRESS, 5, None),
        (AppointmentStatus.COMPLETED, 7, None),
        (AppointmentStatus.CANCELLED, 1, None),
    ],
)
def test_a_charter_that_nobody_took_or_closed_is_told_of(
    client: FlaskClient, operator: User, status: AppointmentStatus, hours_ago: int, kind: str | None
) -> None:
    charter = add_charter(starts=clock.now() - timedelta(hours=hours_ago), status=status)
    assert (note(), note()) == (1 if kind else 0, 0)
    rows = listed(client, operator)
    assert [(row["kind"], row["reference"]) for row in rows] == ([(kind, charter.reference)] if kind else [])


def test_one_message_tells_of_many_and_pages_list_them(
    world: World, client: FlaskClient, operator: User, bus: Bus
) -> None:
    for day in range(1, 61):
        world.add_schedule(bus=bus, days=day)
    bus.active = False
    db.session.commit()
    assert note() == 60
    ((title, text),) = told(operator)
    assert title == "Out of service, and due on a ride (60)"
    assert text.splitlines()[-1] == "and 10 more"
    headers = headers_of(operator)
    with statements() as made:
        answer = client.get(f"{LAPSES}?page_size=50", headers=headers)
    assert (len(answer.json["results"]), answer.json["next"] is not None) == (50, True)
    assert len([each for each in made if "lapses" in str(each)]) == 1


def test_of_two_runs_at_once_one_tells(operator: User, world: World, bus: Bus, app: FalconBus) -> None:
    """Both read that nothing is noted: the second waits for the first at the row, and finds it written."""
    world.add_schedule(bus=bus, days=3)
    bus.active = False
    db.session.commit()
    read = threading.Barrier(2)

    def run(_: int) -> int:
        with app.app_context():
            found = list(conditions.find_lapses())
            read.wait(10)
            return transactions.run(lambda: noting.note(found, set(LapseKind)))

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, range(2))) == [0, 1]
    assert db.session.scalar(select(func.count()).select_from(Lapse)) == 1
    assert len(told(operator)) == 1
