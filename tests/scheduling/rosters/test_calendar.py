"""The calendar behind a secret address: what stands in it, who reads it, and when the address ends."""

import logging
import threading
from datetime import UTC, timedelta
from typing import Any

import icalendar
import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role, User
from falconbus.app import FalconBus
from falconbus.platform.kit import clock, references
from falconbus.scheduling.appointments.models import Action, AppointmentChange
from falconbus.scheduling.assignments.models import AssignmentStatus, CrewRole
from tests.conftest import SECRET_KEY
from tests.counting import statements
from tests.scheduling.charters import add_assignment, add_charter, add_service
from tests.scheduling.people import add_person, headers_of
from tests.scheduling.rosters.duties import at, monday, roster
from tests.world import World

OWN = "/api/v1/scheduling/rosters/me/calendar"


def address(client: FlaskClient, person: User) -> str:
    """The path of a person's calendar."""
    answer = client.get(OWN, headers=headers_of(person))
    assert answer.status_code == 200, answer.json
    url = str(answer.json["url"])
    assert url.startswith("http://127.0.0.1:8000/api/v1/scheduling/rosters/calendar/")
    return url.removeprefix("http://127.0.0.1:8000")


def events(client: FlaskClient, path: str) -> list[Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return list(icalendar.Calendar.from_ical(answer.data).walk("VEVENT"))


def test_the_address_is_for_its_owner(world: World, client: FlaskClient) -> None:
    for call in (client.get, client.post):
        assert call(OWN, json={}).status_code == 401
        assert call(OWN, json={}, headers=headers_of(add_person(call.__name__))).status_code == 403


def test_duties_are_events_in_utc(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    driver, attendant = add_person("dumi", Role.DRIVER), add_person("ayanda", Role.ATTENDANT)
    schedule = world.add_schedule(at=at(monday(), 8))
    made = roster(schedule, driver)
    roster(schedule, attendant, CrewRole.ATTENDANT)
    charter = add_charter(
        add_service("Coach; with, driver"),
        add_service("Wi-Fi", minutes=0),
        starts=at(monday() + timedelta(days=1), 22),
        client_phone="+27 82 1",
        pick_up_text="Union Buildings, Pretoria; gate 2",
        note="Bring\nthe flag: é ☂",
        bus=world.bus,
    )
    offer = add_assignment(charter, driver)
    roster(
        world.add_schedule(at=at(monday(), 9), bus=world.add_bus("FB-2", world.layout)), add_person("obed", Role.DRIVER)
    )
    answer = client.get(address(client, driver))
    assert answer.content_type == "text/calendar"
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H" in answer.data
    found: list[Any] = icalendar.Calendar.from_ical(answer.data).walk("VEVENT")
    line, chartered = found
    assert line["UID"] == f"duty-{made.id}@127.0.0.1"
    assert (line["DTSTART"].dt, line["DTEND"].dt) == (schedule.departure_time, schedule.arrival_time)
    assert f"DTSTART:{schedule.departure_time.astimezone(UTC):%Y%m%dT%H%M%SZ}" in answer.text
    assert line["DTSTAMP"].dt == line["LAST-MODIFIED"].dt
    assert abs(line["DTSTAMP"].dt - made.offered_at) < timedelta(seconds=1)
    assert (line["SUMMARY"], line["LOCATION"], line["STATUS"]) == ("Drive A - D", "City A, Station A", "CONFIRMED")
    assert "With Ayanda" in line["DESCRIPTION"]
    assert chartered["UID"] == f"duty-{offer.id}@127.0.0.1"
    assert chartered["STATUS"] == "TENTATIVE"
    assert chartered["SUMMARY"] == "Asked: Drive Union Buildings, Pretoria; gate 2 to Soweto"
    assert chartered["LOCATION"] == "Union Buildings, Pretoria; gate 2"
    assert str(chartered["DESCRIPTION"]).splitlines() == [
        f"Charter {charter.reference}",
        "Union Buildings, Pretoria; gate 2 to Soweto",
        "Client: Lerato Club, +27 82 1",
        "Services: Coach; with, driver, Wi-Fi",
        "Bus FB-1",
        "Bring",
        "the flag: é ☂",
        "This waits for your answer.",
    ]


def test_what_a_client_writes_cannot_make_events_of_its_own(world: World, client: FlaskClient) -> None:
    driver = add_person("dumi", Role.DRIVER)
    evil = "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:evil"
    add_assignment(add_charter(note=evil, client_name="a\nATTACH:http://evil.example"), driver)
    (event,) = events(client, address(client, driver))
    assert event["UID"] != "evil"
    assert "ATTACH" not in event


def test_far_past_and_far_ahead_and_what_is_over_stand_in_no_calendar(world: World, client: FlaskClient) -> None:
    driver, now = add_person("dumi", Role.DRIVER), clock.now()
    for days in (-32, -30, 119, 121):
        roster(world.add_schedule(at=now + timedelta(days=days)), driver)
    for hours, status in ((2, AssignmentStatus.WITHDRAWN), (9, AssignmentStatus.HANDED_OVER)):
        add_assignment(add_charter(starts=now + timedelta(hours=hours)), driver, status=status)
    apart = [
        round((event["DTSTART"].dt - now).total_seconds() / 86400) for event in events(client, address(client, driver))
    ]
    assert apart == [-30, 119]


def test_what_is_unchanged_is_not_sent_again(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    driver = add_person("dumi", Role.DRIVER)
    charter = add_charter(starts=at(monday(), 8))
    add_assignment(charter, driver, status=AssignmentStatus.ACCEPTED)
    path = address(client, driver)
    first = client.get(path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    before = events(client, path)[0]["LAST-MODIFIED"].dt
    change = AppointmentChange(appointment_id=charter.id, at=before + timedelta(hours=1), action=Action.CHANGED)
    change.status = charter.status
    database.session.add(change)
    database.session.commit()
    other = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200
    assert events(client, path)[0]["LAST-MODIFIED"].dt == before + timedelta(hours=1)


def test_a_new_address_ends_the_old_one(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    driver, other = add_person("dumi", Role.DRIVER), add_person("obed", Role.DRIVER)
    old, beside = address(client, driver), address(client, other)
    made = client.post(OWN, json={}, headers=headers_of(driver))
    assert made.status_code == 200
    assert address(client, driver) == made.json["url"].removeprefix("http://127.0.0.1:8000") != old
    gone = client.get(old)
    assert (gone.status_code, gone.json["code"]) == (404, "calendar_not_found")
    assert client.get(address(client, driver)).status_code == 200
    assert client.get(beside).status_code == 200
    assert "phone" in str(database.session.execute(text("SELECT * FROM staff_profiles")).keys())
    assert database.session.execute(text("SELECT wants_mail, calendar_number FROM staff_profiles")).one() == (True, 2)


def test_addresses_made_at_once_are_counted_each(world: World, app: FalconBus, database: SQLAlchemy) -> None:
    headers = headers_of(add_person("dumi", Role.DRIVER))
    urls: list[str] = []

    def make() -> None:
        urls.append(app.test_client().post(OWN, json={}, headers=headers).json["url"])

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(urls)) == 8
    assert database.session.execute(text("SELECT calendar_number FROM staff_profiles")).scalar_one() == 9


def test_without_an_open_account_on_the_staff_there_is_no_calendar(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    driver = add_person("dumi", Role.DRIVER)
    path = address(client, driver)
    database.session.execute(text("UPDATE users SET active = false"))
    database.session.commit()
    assert client.get(path).status_code == 404
    database.session.execute(text("UPDATE users SET active = true, roles = '{}'"))
    database.session.commit()
    assert client.get(path).status_code == 404


def forged(person: User) -> list[str]:
    right = references.signature(SECRET_KEY, "roster calendar", f"{person.id}.1")
    other_use = references.signature(SECRET_KEY, "answer", f"{person.id}.1")
    return [
        f"{person.id}.1.{right[:-1]}",
        f"{person.id}.2.{right}",
        f"{person.id}.1.{other_use}",
        f"0{person.id}.1.{right}",
        right,
        f"..{right}",
        "é.1.x",
        "%00",
        f".{references.signature(SECRET_KEY, 'roster calendar', '')}x",
    ]


def test_a_forged_address_is_none(world: World, client: FlaskClient) -> None:
    driver = add_person("dumi", Role.DRIVER)
    good = address(client, driver)
    for token in forged(driver):
        answer = client.get(f"/api/v1/scheduling/rosters/calendar/{token}.ics")
        assert (answer.status_code, answer.json["code"]) == (404, "calendar_not_found"), token
    assert client.get(good).status_code == 200


@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_the_secret_stands_in_no_log(
    verb: str, world: World, client: FlaskClient, app: FalconBus, caplog: pytest.LogCaptureFixture
) -> None:
    path = address(client, add_person("dumi", Role.DRIVER))
    secret = path.rsplit(".", 2)[1]
    with caplog.at_level(logging.DEBUG):
        assert client.open(path, method=verb).status_code == 200
        assert client.open(path.replace("/calendar/", "/calendar/9"), method=verb).status_code == 404
    lines = [record for record in caplog.records if "rosters/calendar" in record.getMessage()]
    shown = path.replace(secret, "***")
    assert [line.getMessage().split(" ", 1)[1] for line in lines] == [
        f"{shown} 200",
        f"{shown.replace('/calendar/', '/calendar/9')} 404",
    ]
    assert not any(secret in str(vars(record)) for record in caplog.records)


def test_a_calendar_is_two_statements(world: World, client: FlaskClient) -> None:
    driver = add_person("dumi", Role.DRIVER)
    path = address(client, driver)
    for number in range(20):
        roster(world.add_schedule(at=at(monday(), 4 * number)), driver)
    with statements() as sent:
        assert len(events(client, path)) == 20
    assert len(sent) == 2, "\n".join(sent)
