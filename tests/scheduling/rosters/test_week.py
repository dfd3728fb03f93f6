"""A person's week: whose it is, what stands on which day, and the totals."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role, User
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import AppointmentStatus
from falconbus.scheduling.assignments.models import AssignmentStatus, CrewRole
from falconbus.scheduling.staff_records.models import Leave, WorkingHours
from tests.counting import statements
from tests.scheduling.charters import add_assignment, add_charter, add_service
from tests.scheduling.people import add_person, headers_of
from tests.scheduling.rosters.duties import at, monday, roster, week_of
from tests.world import ZONE, World

ROSTERS = "/api/v1/scheduling/rosters"


def week(client: FlaskClient, person: User, weeks: int = 1) -> dict[str, Any]:
    answer = client.get(f"{ROSTERS}/me?week={week_of(monday(weeks))}", headers=headers_of(person))
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json or {}
    return found


def test_a_roster_is_for_its_owner_and_those_who_see_the_staff(world: World, client: FlaskClient) -> None:
    driver, other = add_person("dumi", Role.DRIVER), add_person("obed", Role.DRIVER)
    traveller = add_person("thandi")
    assert client.get(f"{ROSTERS}/me").status_code == 401
    assert client.get(f"{ROSTERS}/{driver.id}").status_code == 401
    hidden = client.get(f"{ROSTERS}/{driver.id}", headers=headers_of(other))
    assert (hidden.status_code, hidden.json["code"]) == (404, "staff_not_found")
    assert client.get(f"{ROSTERS}/{driver.id}", headers=headers_of(driver)).json["person"]["name"] == "Dumi"
    operator = headers_of(add_person("olwethu", Role.OPERATOR))
    assert client.get(f"{ROSTERS}/{driver.id}", headers=operator).json["person"] == {"id": driver.id, "name": "Dumi"}
    for nobody in (traveller.id, 999_999_999):
        assert client.get(f"{ROSTERS}/{nobody}", headers=operator).json["code"] == "staff_not_found"
    assert client.get(f"{ROSTERS}/me", headers=headers_of(traveller)).status_code == 403


def test_an_empty_week_has_seven_days_and_its_neighbours(world: World, client: FlaskClient) -> None:
    found = week(client, add_person("dumi", Role.DRIVER))
    days = [(monday() + timedelta(days=number)).isoformat() for number in range(7)]
    assert [day["date"] for day in found["days"]] == days
    assert {(day["leave"], len(day["hours"]), len(day["duties"])) for day in found["days"]} == {(None, 0, 0)}
    assert (found["driving_hours"], found["working_hours"]) == (0, 0)
    assert found["previous_week"] == f"http://127.0.0.1:8000{ROSTERS}/me?week={week_of(monday(0))}"
    assert found["next_week"] == f"http://127.0.0.1:8000{ROSTERS}/me?week={week_of(monday(2))}"


def test_without_a_week_it_is_the_present_one(world: World, client: FlaskClient) -> None:
    found = client.get(f"{ROSTERS}/me", headers=headers_of(add_person("dumi", Role.DRIVER))).json
    assert found["week"] == week_of(clock.today(ZONE))


def test_duties_of_both_kinds_stand_on_the_day_they_begin(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    driver, attendant = add_person("dumi", Role.DRIVER), add_person("ayanda", Role.ATTENDANT)
    schedule = world.add_schedule(at=at(monday(), 8))
    roster(schedule, driver)
    roster(schedule, attendant, CrewRole.ATTENDANT)
    night = add_charter(
        add_service(),
        starts=at(monday() + timedelta(days=6), 22),
        hours=5,
        bus=world.add_bus("FB-9", world.layout),
        client_phone="+27 82 1",
    )
    add_assignment(night, driver)
    roster(world.add_schedule(at=at(monday(2), 0)), driver)
    add_assignment(add_charter(starts=at(monday(), 20)), driver, status=AssignmentStatus.REJECTED, reason="ill")
    roster(
        world.add_schedule(at=at(monday(), 9), bus=world.add_bus("FB-2", world.layout)), add_person("obed", Role.DRIVER)
    )
    found = week(client, driver)
    listed = {day["date"]: day["duties"] for day in found["days"] if day["duties"]}
    sunday = monday() + timedelta(days=6)
    assert listed == {
        monday().isoformat(): [
            {
                "kind": "schedule",
                "reference": None,
                "schedule_id": schedule.id,
                "part": "driver",
                "status": "accepted",
                "start": f"{monday()}T08:00:00+02:00",
                "end": f"{monday()}T11:00:00+02:00",
                "title": "A - D",
                "bus": "FB-1",
                "colleagues": ["Ayanda"],
                "client": None,
            }
        ],
        sunday.isoformat(): [
            {
                "kind": "charter",
                "reference": night.reference,
                "schedule_id": None,
                "part": "driver",
                "status": "offered",
                "start": f"{sunday}T22:00:00+02:00",
                "end": f"{monday(2)}T03:00:00+02:00",
                "title": "Union Buildings to Soweto",
                "bus": "FB-9",
                "colleagues": [],
                "client": {"name": "Lerato Club", "phone": "+27 82 1"},
            }
        ],
    }
    assert (found["driving_hours"], found["working_hours"]) == (3, 3), "what is offered does not count"
    beside = week(client, attendant)
    assert (beside["driving_hours"], beside["working_hours"]) == (0, 3)
    assert beside["days"][0]["duties"][0]["colleagues"] == ["Dumi"]
    assert [len(day["duties"]) for day in week(client, driver, 2)["days"]] == [1, 0, 0, 0, 0, 0, 0]


def test_a_ride_elsewhere_is_told_in_the_time_of_its_pick_up(world: World, client: FlaskClient) -> None:
    driver = add_person("dumi", Role.DRIVER)
    starts = at(monday(), 23, 30)
    charter = add_charter(starts=starts, time_zone="Africa/Nairobi", status=AppointmentStatus.ASSIGNED)
    add_assignment(charter, driver, status=AssignmentStatus.ACCEPTED)
    found = week(client, driver)
    (duty,) = found["days"][0]["duties"]
    assert duty["start"] == f"{monday() + timedelta(days=1)}T00:30:00+03:00", "listed on the office's Monday"
    assert found["working_hours"] == 4


def test_stops_as_ends_of_a_charter_are_named(world: World, client: FlaskClient) -> None:
    driver = add_person("dumi", Role.DRIVER)
    ends: dict[str, Any] = {"pick_up_text": None, "drop_off_text": None}
    charter = add_charter(
        starts=at(monday(), 8), pick_up_stop_id=world.stops["A"].id, drop_off_stop_id=world.stops["B"].id, **ends
    )
    add_assignment(charter, driver)
    assert week(client, driver)["days"][0]["duties"][0]["title"] == "City A, Station A to City B, Station B"


def test_who_hands_over_and_who_may_take_over_are_no_colleagues(world: World, client: FlaskClient) -> None:
    giver, taker = add_person("dumi", Role.DRIVER), add_person("obed", Role.DRIVER)
    attendant, asked = add_person("ayanda", Role.ATTENDANT), add_person("buhle", Role.ATTENDANT)
    charter = add_charter(starts=at(monday(), 8))
    first = add_assignment(charter, giver, status=AssignmentStatus.ACCEPTED)
    add_assignment(charter, taker, replaces_id=first.id)
    add_assignment(charter, attendant, CrewRole.ATTENDANT, AssignmentStatus.ACCEPTED)
    add_assignment(charter, asked, CrewRole.ATTENDANT)

    def colleagues(person: User) -> list[str]:
        names: list[str] = week(client, person)["days"][0]["duties"][0]["colleagues"]
        return names

    assert colleagues(giver) == ["Ayanda", "Buhle"]
    assert colleagues(taker) == ["Ayanda", "Buhle"]
    assert colleagues(attendant) == ["Dumi", "Buhle"]


def test_hours_and_leave_are_there_and_on_leave_nobody_has_hours(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    driver, other = add_person("dumi", Role.DRIVER), add_person("obed", Role.DRIVER)
    for person, weekday, begins, ends in (
        (driver, 1, 8 * 60, 12 * 60),
        (driver, 1, 13 * 60, 17 * 60),
        (driver, 2, 22 * 60, 30 * 60),
        (driver, 3, 8 * 60, 16 * 60),
        (other, 4, 8 * 60, 16 * 60),
    ):
        database.session.add(WorkingHours(staff_id=person.id, weekday=weekday, begins_minute=begins, ends_minute=ends))
    wednesday, sunday = monday() + timedelta(days=2), monday() + timedelta(days=6)
    database.session.add(Leave(staff_id=driver.id, first_day=wednesday, last_day=wednesday, kind="sick"))
    database.session.add(Leave(staff_id=driver.id, first_day=sunday, last_day=monday(3), kind="annual"))
    database.session.add(Leave(staff_id=other.id, first_day=monday(), last_day=sunday, kind="annual"))
    database.session.commit()
    days = week(client, driver)["days"]
    assert [day["leave"] for day in days] == [None, None, "sick", None, None, None, "annual"]
    assert days[0]["hours"] == [{"begins": "08:00", "ends": "12:00"}, {"begins": "13:00", "ends": "17:00"}]
    assert days[1]["hours"] == [{"begins": "22:00", "ends": "06:00"}]
    assert [len(day["hours"]) for day in days[2:]] == [0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    "bad",
    [
        "2026-W480",
        "2026-W54",
        "2027-W53",
        "2026-W00",
        "2026W48",
        "2026-48",
        "",
        "now",
        "1999-W01",
        "2101-W01",
        "२०२६-W48",
    ],
)
def test_what_is_no_week_is_refused(bad: str, world: World, client: FlaskClient) -> None:
    headers = headers_of(add_person("dumi", Role.DRIVER))
    answer = client.get(f"{ROSTERS}/me", query_string={"week": bad}, headers=headers)
    assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (422, "week")
    assert "2026-W48" in answer.json["errors"][0]["detail"]


@pytest.mark.parametrize("edge", ["2000-W01", "2026-W53", "2100-W52"])
def test_weeks_at_the_edge_are_shown(edge: str, world: World, client: FlaskClient) -> None:
    headers = headers_of(add_person("dumi", Role.DRIVER))
    assert client.get(f"{ROSTERS}/me?week={edge}", headers=headers).json["week"] == edge


def test_a_roster_is_two_statements_however_full(world: World, client: FlaskClient) -> None:
    driver, attendant = add_person("dumi", Role.DRIVER), add_person("ayanda", Role.ATTENDANT)
    headers = headers_of(driver)
    for number in range(20):
        schedule = world.add_schedule(at=at(monday(), 4 + 4 * number))
        roster(schedule, driver)
        roster(schedule, attendant, CrewRole.ATTENDANT)
    with statements() as sent:
        answer = client.get(f"{ROSTERS}/me?week={week_of(monday())}", headers=headers)
    assert len(sent) == 3, "the token's account, the person, the duties:\n" + "\n".join(sent)
    assert [len(day["duties"]) for day in answer.json["days"]] == [5, 6, 6, 3, 0, 0, 0]
