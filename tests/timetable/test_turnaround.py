"""A bus that is put on a departure by hand can do it: not two at a time, and there from where its ride before ends."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import func, select

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.network.models import Bus
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.timetable import departures, turnaround
from falconbus.timetable.errors import BusOnDeparture
from falconbus.timetable.models import Schedule, Timetable
from tests.accounts.signing import signed_in
from tests.scheduling.charters import add_charter, tomorrow
from tests.timetable.editing import day
from tests.world import World

JOHANNESBURG, DURBAN = (-26.2, 28.05), (-29.85, 31.02)


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    """The headers of an operator."""
    return signed_in(Role.OPERATOR)


@pytest.fixture
def bus(world: World) -> Bus:
    """A bus that is on the world's route from eight to eleven, a week from now: from Johannesburg to Durban."""
    for code, (latitude, longitude) in {"A": JOHANNESBURG, "D": DURBAN}.items():
        world.stops[code].latitude, world.stops[code].longitude = latitude, longitude
    bus = world.add_bus("FB-2", world.layout)
    world.add_schedule(bus=bus)
    return bus


@pytest.fixture
def no_travel_time(app: FalconBus) -> Iterator[None]:
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(before, travel_kmh=0)
    yield
    app.config["SETTINGS"] = before


def leaving(world: World, hour: int, *stops: str) -> Timetable:
    """A timetable that leaves at an hour, an hour long, over these stops."""
    timetable = world.add_timetable(world.add_route(*stops), departure_minutes=60 * hour)
    world.commit()
    return timetable


def put_on(client: FlaskClient, operator: dict[str, str], timetable: Timetable, bus: Bus) -> tuple[int, str | None]:
    body = {"timetable_id": timetable.id, "bus_id": bus.id, "date": day(7).isoformat()}
    answer = client.post("/api/v1/schedules", json=body, headers=operator)
    return answer.status_code, answer.json.get("code")


DONE, TOO_FAR, ELSEWHERE = (201, None), (409, "bus_too_far"), (409, "bus_on_departure")


@pytest.mark.parametrize(
    ("hour", "stops", "expected"),
    [
        (10, ("D", "E"), ELSEWHERE),
        (7, ("E", "A"), DONE),
        (8, ("D", "E"), ELSEWHERE),
        # From where it ends, at the same minute; from elsewhere, not before it can be there: some 500 km.
        (11, ("D", "E"), DONE),
        (11, ("A", "E"), TOO_FAR),
        (15, ("A", "E"), TOO_FAR),
        (16, ("A", "E"), DONE),
        # The other way round: an hour earlier it still ends elsewhere.
        (7, ("E", "D"), TOO_FAR),
        (3, ("E", "D"), TOO_FAR),
        (1, ("E", "D"), DONE),
    ],
)
def test_a_bus_is_where_its_ride_begins(
    world: World,
    client: FlaskClient,
    operator: dict[str, str],
    bus: Bus,
    hour: int,
    stops: tuple[str, str],
    expected: tuple[int, str | None],
) -> None:
    world.add_stop("E").latitude = None
    before = db.session.query(Schedule).count()
    assert put_on(client, operator, leaving(world, hour, *stops), bus) == expected
    # Beside it the timetable's own coach is made, which is not there yet.
    assert db.session.query(Schedule).count() == before + (2 if expected == DONE else 0)


@pytest.mark.usefixtures("no_travel_time")
def test_the_rule_can_be_switched_off(world: World, client: FlaskClient, operator: dict[str, str], bus: Bus) -> None:
    assert put_on(client, operator, leaving(world, 11, "A", "E"), bus) == DONE
    assert put_on(client, operator, leaving(world, 10, "D", "F"), bus) == ELSEWHERE


def test_another_bus_of_a_departure_is_looked_at_too(
    world: World, client: FlaskClient, operator: dict[str, str], bus: Bus
) -> None:
    addresses = {
        hour: f"/api/v1/schedules/{world.add_schedule(leaving(world, hour, 'A', 'E')).id}" for hour in (10, 11, 16)
    }
    codes = {
        hour: client.patch(address, json={"bus_id": bus.id}, headers=operator).json.get("code")
        for hour, address in addresses.items()
    }
    assert codes == {10: "bus_on_departure", 11: "bus_too_far", 16: None}
    assert client.patch(addresses[16], json={"bus_id": bus.id}, headers=operator).status_code == 200


def test_one_off_sale_takes_no_bus(world: World, client: FlaskClient, operator: dict[str, str], bus: Bus) -> None:
    db.session.query(Schedule).where(Schedule.bus_id == bus.id).update({"active": False})
    db.session.commit()
    assert put_on(client, operator, leaving(world, 10, "D", "E"), bus) == DONE


@pytest.mark.parametrize(("place", "expected"), [("A", TOO_FAR), ("D", DONE), (None, DONE)])
def test_a_charter_counts_as_far_as_it_begins_and_ends_at_stops(
    world: World,
    client: FlaskClient,
    operator: dict[str, str],
    bus: Bus,
    place: str | None,
    expected: tuple[int, str | None],
) -> None:
    """From one on the bus is on a charter, and would come from Durban an hour before."""
    stop_id = world.stops[place].id if place else None
    starts, text = tomorrow(13, days=7), None if place else "A farm"
    add_charter(starts=starts, bus=bus, pick_up_stop_id=stop_id, pick_up_text=text)
    world.add_stop("E").latitude = world.add_stop("E").longitude = None
    assert put_on(client, operator, leaving(world, 11, "E", "D"), bus) == expected


def race(app: FalconBus, works: list[Callable[[], object]]) -> list[str]:
    """Do these at once, each in a transaction of its own; what came of each."""
    together = Barrier(len(works))

    def run(work: Callable[[], object]) -> str:
        with app.app_context():
            together.wait(10)
            try:
                transactions.run(work)
            except BusOnDeparture:
                return "refused"
            return "got it"

    with ThreadPoolExecutor(len(works)) as pool:
        return sorted(pool.map(run, works))


def putting_on(timetable_id: int, bus_id: int) -> Callable[[], object]:
    return lambda: departures.add_schedule(timetable_id, bus_id, day(7))


@pytest.mark.parametrize("locked", [True, False])
def test_of_two_who_want_it_at_once_one_gets_it(
    world: World, app: FalconBus, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    """The control goes without the lock of the bus: both have looked before either has written."""
    bus = world.add_bus("FB-3", world.layout)
    works = [putting_on(leaving(world, 10, first, last).id, bus.id) for first, last in (("A", "E"), ("F", "G"))]
    looked = Barrier(2)
    insert = departures._insert  # noqa: SLF001  the control waits in it

    def insert_after_both_have_looked(schedule: Schedule) -> None:
        if schedule.bus_id == bus.id:
            looked.wait(10)
        insert(schedule)

    if not locked:
        monkeypatch.setattr(turnaround, "lock", lambda _: None)
        monkeypatch.setattr(departures, "_insert", insert_after_both_have_looked)
    outcomes = race(app, works)
    taken: Any = db.session.scalar(select(func.count()).where(Schedule.bus_id == bus.id))
    assert (outcomes, taken) == ((["got it", "refused"], 1) if locked else (["got it", "got it"], 2))
