"""What was sold and a newer version of the feed: the same coach, its new times, and its holders told of them."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.disruptions import change_notices
from falconbus.network.models import Bus
from falconbus.platform.database import transactions
from falconbus.timetable.models import Schedule
from tests.accounts.signing import signed_in
from tests.calls import hold
from tests.disruptions.coach import mails_to, shown, sold, value
from tests.gtfs.feeds import Feed, feed, load, row, rows
from tests.gtfs.versions import later, schedule_ids
from tests.scheduling.charters import add_charter
from tests.scheduling.people import add_person
from tests.world import World

SEATS = "SELECT seat_number, leg FROM seat_claims WHERE schedule_id = :id ORDER BY 1, 2"
ON_SALE = "SELECT count(*) FROM schedules WHERE active AND departure_time = :at"


def tell() -> int:
    return transactions.run(change_notices.tell_travellers)


def leaves(schedule_id: int) -> str:
    zone = "'Africa/Johannesburg'"
    found = row(f"SELECT to_char(departure_time AT TIME ZONE {zone}, 'HH24:MI') FROM schedules WHERE id = :id",
                id=schedule_id)  # fmt: skip
    return str(found[0])


@pytest.fixture
def departure(database: SQLAlchemy) -> int:
    """A departure of the feed a few days ahead."""
    load(feed())
    return schedule_ids()[4]


@pytest.fixture
def held(client: FlaskClient, departure: int) -> dict[str, Any]:
    return sold(client, departure, "BET", "GAM")


@pytest.mark.parametrize("swap", [("T1", "T1"), ("T1", "X9"), ("R,", "R2,"), ("DAILY", "EVERYDAY")])
def test_new_times_reach_what_was_sold_and_its_holders(
    client: FlaskClient, database: SQLAlchemy, departure: int, held: dict[str, Any], swap: tuple[str, str]
) -> None:
    """Also when the publisher has numbered trips, routes or services anew."""
    taken, count = rows(SEATS, id=departure), len(schedule_ids())
    changed = later(feed(), "09:00:00,09:05:00", "08:40:00,08:45:00")
    report = load({name: content.replace(*swap) for name, content in changed.items()})
    assert report.withdrawn == []
    assert report.notes == ["1 departures with sold seats have other times; those who hold tickets are told"]
    assert (row("SELECT active FROM schedules WHERE id = :id", id=departure), leaves(departure)) == ((True,), "08:00")
    assert (rows(SEATS, id=departure), len(schedule_ids())) == (taken, count)
    assert tell() == 1
    assert mails_to(database, held) == ["booking.confirmation", "departure.changed"]
    assert shown(client, held)["journeys"][0]["departure_time"][11:16] == "08:45"
    assert hold(client, departure, "BET", "GAM")["journeys"][0]["departure_time"][11:16] == "08:45"


def test_a_coach_that_leaves_later_is_still_the_one_that_was_sold(
    database: SQLAlchemy, client: FlaskClient, departure: int
) -> None:
    held = sold(client, departure, "ALP", "GAM")
    ids, bus = schedule_ids(), row("SELECT bus_id FROM schedules WHERE id = :id", id=departure)
    report = load(later(feed(), "08:00:00,08:00:00", "08:50:00,08:50:00"))
    assert (report.withdrawn, leaves(departure)) == ([], "08:50")
    # Between the two times of the day today's has left by the old one, and not by the new.
    assert len(schedule_ids()) - len(ids) in {0, 1}
    assert row("SELECT bus_id FROM schedules WHERE id = :id", id=departure) == bus
    assert tell() == 1
    assert mails_to(database, held) == ["booking.confirmation", "departure.changed"]
    assert load(later(feed(), "08:00:00,08:00:00", "08:50:00,08:50:00")).counts["schedules"] == 0


def two_coaches(first: str, second: str) -> Feed:
    """Two coaches a day, of an hour; each version has its own ids."""
    header = feed()["stop_times.txt"].split("\n")[0]
    times = "".join(f"{trip},{hour}:00:00,,a,1\n{trip},{int(hour) + 1}:00:00,,c,2\n"
                    for trip, hour in (first.split(), second.split()))  # fmt: skip
    trips = "route_id,service_id,trip_id\n" + "".join(f"R,DAILY,{each.split()[0]}\n" for each in (first, second))
    return feed(trips=trips, stop_times=f"{header}\n{times}")


def test_ids_that_change_places_move_nobody(database: SQLAlchemy, client: FlaskClient) -> None:
    """What leaves at nine is the coach of nine, whatever its number."""
    load(two_coaches("T1 8", "T2 12"))
    first, second = schedule_ids()[4:6]
    for each in (first, second):
        sold(client, each, "ALP", "GAM")
    before = [leaves(first), leaves(second)]
    report = load(two_coaches("T2 8", "T1 12"))
    assert (report.withdrawn, report.notes, [leaves(first), leaves(second)]) == ([], [], before)
    assert tell() == 0


def test_where_nobody_may_board_any_more_what_was_sold_is_withdrawn_and_nothing_sold_twice(
    database: SQLAlchemy, departure: int, held: dict[str, Any]
) -> None:
    (at,) = row("SELECT departure_time FROM schedules WHERE id = :id", id=departure)
    lines = feed()["stop_times.txt"].strip().split("\n")
    times = "\n".join([lines[0] + ",pickup_type", lines[1] + ",0", lines[2] + ",1", lines[3] + ",0"]) + "\n"
    report = load(feed(stop_times=times))
    assert len(report.withdrawn) == 1
    assert [note.split(";")[0] for note in report.notes] == [
        "1 departures with sold seats are no longer in the feed",
        report.notes[1].split(";")[0],
    ]
    assert report.notes[1].startswith("1 departures are not on sale, the first The North Line, ")
    assert rows(ON_SALE, at=at) == [(0,)]


def test_where_others_may_not_board_any_more_that_is_sold_no_more(
    client: FlaskClient, database: SQLAlchemy, departure: int
) -> None:
    sold(client, departure, "ALP", "GAM")
    lines = feed()["stop_times.txt"].strip().split("\n")
    times = "\n".join([lines[0] + ",pickup_type", lines[1] + ",0", lines[2] + ",1", lines[3] + ",0"]) + "\n"
    report = load(feed(stop_times=times))
    assert (report.withdrawn, report.notes) == ([], [])
    assert row("SELECT boards FROM timetables JOIN schedules s ON s.timetable_id = timetables.id WHERE s.id = :id",
               id=departure) == ([True, False, True],)  # fmt: skip
    assert tell() == 0


def test_a_bus_given_by_hand_stays(world: World, database: SQLAlchemy, departure: int, held: dict[str, Any]) -> None:
    change = "UPDATE schedules SET bus_id = :bus, seats = 12 WHERE id = :id"
    database.session.execute(text(change), {"bus": world.bus.id, "id": departure})
    database.session.commit()
    load(later(feed()))
    assert row("SELECT bus_id FROM schedules WHERE id = :id", id=departure) == (world.bus.id,)


def test_a_bus_on_a_charter_at_the_new_time_is_not_taken_from_it(
    database: SQLAlchemy, departure: int, held: dict[str, Any]
) -> None:
    schedule = database.session.get_one(Schedule, departure)
    add_charter(starts=schedule.arrival_time, hours=1, bus=database.session.get_one(Bus, schedule.bus_id))
    report = load(later(feed(), "10:30:00,10:30:00", "11:00:00,11:00:00"))
    assert (len(report.withdrawn), leaves(departure)) == (1, "08:00")


def test_the_crew_is_told_and_has_the_new_times(
    client: FlaskClient, database: SQLAlchemy, departure: int, held: dict[str, Any]
) -> None:
    driver = add_person("dan", Role.DRIVER)
    address = f"/api/v1/scheduling/schedules/{departure}/crew"
    body = {"driver_id": driver.id, "attendant_ids": []}
    assert client.put(address, json=body, headers=signed_in(Role.OPERATOR)).status_code == 200
    driver_id = driver.id
    load(later(feed(), "08:00:00,08:00:00", "08:20:00,08:20:00"))
    assert row("SELECT a.starts_at = s.departure_time AND a.ends_at = s.arrival_time FROM assignments a"
               " JOIN schedules s ON s.id = a.schedule_id") == (True,)  # fmt: skip
    told = "SELECT title FROM notifications WHERE staff_id = :id ORDER BY id"
    titles = [title for (title,) in rows(told, id=driver_id)]
    assert titles[-1].endswith("08:00: other times")


def test_a_version_that_withdrew_it_and_one_that_has_it_again(
    database: SQLAlchemy, client: FlaskClient, departure: int, held: dict[str, Any]
) -> None:
    gone = two_coaches("T8 14", "T9 18")
    assert len(load(gone).withdrawn) == 1
    assert value(database, "SELECT active FROM schedules WHERE id = :id", id=departure) is False
    report = load({name: content.replace("T1", "X9") for name, content in feed().items()})
    assert report.withdrawn == []
    assert row("SELECT active FROM schedules WHERE id = :id", id=departure) == (True,)
    (at,) = row("SELECT departure_time FROM schedules WHERE id = :id", id=departure)
    assert rows(ON_SALE, at=at) == [(1,)]
