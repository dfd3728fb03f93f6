"""One driver, two rides at once: the database lets one have them; the control shows both."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from falconbus.accounts.models import Role, User
from falconbus.app import FalconBus
from falconbus.scheduling.appointments.models import AppointmentStatus
from falconbus.scheduling.assignments.models import Assignment, CrewRole
from falconbus.timetable.models import Schedule
from tests.scheduling.charters import add_assignment, add_charter
from tests.scheduling.people import add_person, headers_of
from tests.world import World

_WAITING = text("""
    SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
""")
_DOUBLE = text("""
    SELECT count(*) FROM assignments AS one JOIN assignments AS other
        ON one.staff_id = other.staff_id AND one.id < other.id
        AND one.starts_at < other.ends_at AND other.starts_at < one.ends_at
    WHERE one.status = 'accepted' AND other.status = 'accepted'
""")


class Rides:
    """Two departures and a charter at the same time, and the one driver who is wanted on all of them."""

    def __init__(self, world: World, app: FalconBus) -> None:
        self.app = app
        self.driver = add_person("dumi", Role.DRIVER)
        self.own = headers_of(self.driver)
        self.operator = headers_of(add_person("olwethu", Role.OPERATOR))
        self.schedules = [world.add_schedule(), world.add_schedule(bus=world.add_bus("FB-2", world.layout))]
        self.charter = add_charter(starts=self.schedules[0].departure_time, status=AppointmentStatus.ASSIGNED)
        add_assignment(self.charter, self.driver)
        world.commit()

    def roster(self, schedule: Schedule) -> str:
        """Put the driver on a departure; what came of it."""
        answer = self.app.test_client().put(
            f"/api/v1/scheduling/schedules/{schedule.id}/crew",
            json={"driver_id": self.driver.id, "attendant_ids": []},
            headers=self.operator,
        )
        return "done" if answer.status_code == 200 else str(answer.json["code"])

    def accept(self) -> str:
        """The driver takes the charter; what came of it."""
        address = f"/api/v1/scheduling/appointments/{self.charter.reference}/accept"
        answer = self.app.test_client().post(address, json={}, headers=self.own)
        return "done" if answer.status_code == 200 else str(answer.json["code"])


@pytest.fixture
def rides(world: World, app: FalconBus) -> Rides:
    return Rides(world, app)


def at_once(database: SQLAlchemy, driver: User, works: Sequence[Callable[[], str]]) -> Counter[str]:
    """Let all come as far as the lock of the driver, each having found them free; then let go of it."""
    answers: list[str] = []
    threads = [threading.Thread(target=lambda work=work: answers.append(work())) for work in works]
    with database.engine.begin() as connection:
        connection.execute(text("SELECT FROM users WHERE id = :id FOR UPDATE"), {"id": driver.id})
        for thread in threads:
            thread.start()
        _wait_for_locks(database, len(threads))
    for thread in threads:
        thread.join()
    return Counter(answers)


def _wait_for_locks(database: SQLAlchemy, wanted: int) -> None:
    deadline = time.monotonic() + 10
    waiting = 0
    while waiting < wanted and time.monotonic() < deadline:
        with database.engine.connect() as connection:
            waiting = connection.execute(_WAITING).scalar_one()
        time.sleep(0.01)
    assert waiting == wanted


def doubled(database: SQLAlchemy) -> int:
    """Pairs of rides at the same time that one person has accepted."""
    database.session.rollback()
    return int(database.session.execute(_DOUBLE).scalar_one())


def test_of_two_departures_at_once_a_driver_gets_one(rides: Rides, database: SQLAlchemy) -> None:
    works = [partial(rides.roster, schedule) for schedule in rides.schedules]
    assert at_once(database, rides.driver, works) == {"done": 1, "staff_busy": 1}
    assert doubled(database) == 0


def test_a_departure_and_a_charter_at_once_keep_each_other_out(rides: Rides, database: SQLAlchemy) -> None:
    works: list[Callable[[], str]] = [partial(rides.roster, rides.schedules[0]), rides.accept]
    assert at_once(database, rides.driver, works) == {"done": 1, "staff_busy": 1}
    assert doubled(database) == 0


def test_one_departure_crewed_twice_at_once_has_the_later_crew(rides: Rides, database: SQLAlchemy) -> None:
    """The schedule's lock: each sees what the other has done, and no crew is a mixture."""
    schedule, other = rides.schedules[0], add_person("obed", Role.DRIVER)
    answers: list[int] = []

    def put(driver: User) -> None:
        body = {"driver_id": driver.id, "attendant_ids": []}
        address = f"/api/v1/scheduling/schedules/{schedule.id}/crew"
        answers.append(rides.app.test_client().put(address, json=body, headers=rides.operator).status_code)

    threads = [threading.Thread(target=put, args=(driver,)) for driver in (rides.driver, other) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8
    database.session.rollback()
    on_it = database.session.scalars(select(Assignment).where(Assignment.schedule_id == schedule.id)).all()
    assert [each.part for each in on_it] == [CrewRole.DRIVER]


@pytest.fixture
def without_the_guard(database: SQLAlchemy) -> Iterator[None]:
    """The control: the exclusion of overlapping duties is taken away."""
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE assignments DROP CONSTRAINT ex_assignments_person"))
    yield
    database.session.rollback()
    with database.engine.begin() as connection:
        connection.execute(text("TRUNCATE assignments CASCADE"))
        connection.execute(
            text(
                "ALTER TABLE assignments ADD CONSTRAINT ex_assignments_person EXCLUDE USING gist"
                " (owner_time(staff_id, starts_at, ends_at) WITH &&) WHERE (status = 'accepted')"
            )
        )


@pytest.mark.usefixtures("without_the_guard")
def test_control_without_the_guard_a_driver_is_on_two_rides(rides: Rides, database: SQLAlchemy) -> None:
    works: list[Callable[[], str]] = [partial(rides.roster, rides.schedules[0]), rides.accept]
    assert at_once(database, rides.driver, works) == {"done": 2}
    assert doubled(database) == 1
