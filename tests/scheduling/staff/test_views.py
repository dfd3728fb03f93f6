"""The staff over HTTP: the lists, and who is free."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role, User
from falconbus.platform.kit import clock
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus, CrewRole
from falconbus.scheduling.staff_records.models import Leave, StaffProfile
from tests.counting import statements
from tests.scheduling.charters import add_assignment, add_charter, tomorrow
from tests.scheduling.people import add_licence, add_person, headers_of
from tests.scheduling.staff.conftest import STAFF
from tests.world import ZONE, World


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json
    return [row["name"] for row in answer.json["results"]]


CALLS: list[tuple[str, str, Any]] = [
    ("GET", STAFF, None),
    ("GET", f"{STAFF}/active", None),
    ("GET", f"{STAFF}/free?part=driver&start=2027-01-01T08:00:00Z&end=2027-01-01T09:00:00Z", None),
    ("GET", f"{STAFF}/1", None),
    ("POST", STAFF, {"email": "new@example.com", "name": "New", "roles": ["driver"]}),
    ("PATCH", f"{STAFF}/1", {"name": "Else"}),
    ("POST", f"{STAFF}/1/licences", {"kind": "EC", "number": "1", "expires_on": "2030-01-01"}),
    ("DELETE", f"{STAFF}/1/licences/1", None),
    ("PUT", f"{STAFF}/1/hours", {"hours": []}),
    ("POST", f"{STAFF}/1/leaves", {"first_day": "2027-01-01", "last_day": "2027-01-01", "kind": "sick"}),
    ("DELETE", f"{STAFF}/1/leaves/1", None),
]


@pytest.mark.parametrize(("verb", "address", "body"), CALLS)
def test_travellers_and_crew_see_and_change_nothing(
    verb: str, address: str, body: Any, client: FlaskClient, database: SQLAlchemy
) -> None:
    assert client.open(address, method=verb, json=body).status_code == 401
    for person in (add_person("thabo", Role.DRIVER, Role.ATTENDANT, Role.AGENT), add_person("lerato")):
        answer = client.open(address, method=verb, json=body, headers=headers_of(person))
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


def test_an_operator_keeps_records_but_makes_no_accounts(client: FlaskClient, admin: User) -> None:
    headers = headers_of(add_person("olga", Role.OPERATOR))
    address = f"{STAFF}/{admin.id}"
    made = client.post(STAFF, json={"email": "x@example.com", "name": "X", "roles": ["driver"]}, headers=headers)
    changed = client.patch(address, json={"name": "Else"}, headers=headers)
    assert (made.status_code, changed.status_code) == (403, 403)
    assert client.get(address, headers=headers).json["name"] == "Aziza"
    assert client.put(f"{address}/hours", json={"hours": []}, headers=headers).status_code == 200


def test_the_list_has_everybody_with_a_role_by_name(
    client: FlaskClient, database: SQLAlchemy, headers: dict[str, str]
) -> None:
    thabo = add_person("thabo", Role.DRIVER, Role.ATTENDANT)
    add_licence(thabo, days=30, kind="EC")
    add_licence(thabo, days=-30, kind="EC")
    today = clock.today(ZONE)
    database.session.add(StaffProfile(staff_id=thabo.id, phone="+27 82 000 0000"))
    for first, last in ((-2, 3), (-9, -5), (4, 9)):
        leave = Leave(staff_id=thabo.id, kind="annual", first_day=today + timedelta(days=first))
        leave.last_day = today + timedelta(days=last)
        database.session.add(leave)
    database.session.commit()
    answer = client.get(STAFF, headers=headers)
    assert (names(answer), answer.json["count"]) == (["Aziza", "Thabo", "Zanele"], 3)
    assert answer.json["results"][1] == {
        "id": thabo.id,
        "name": "Thabo",
        "email": "thabo@falconbus.example",
        "phone": "+27 82 000 0000",
        "roles": ["driver", "attendant"],
        "active": True,
        "licence_expires_on": (clock.now() + timedelta(days=30)).date().isoformat(),
        "on_leave_until": (today + timedelta(days=3)).isoformat(),
    }
    bare = answer.json["results"][2]
    assert (bare["active"], bare["phone"], bare["licence_expires_on"], bare["on_leave_until"]) == (
        False, None, None, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found", "count"),
    [
        ("role=driver", ["Sipho_x", "Thabo"], 2),
        ("role=admin", ["Aziza"], 1),
        ("role=agent", [], 0),
        ("q=THAB", ["Thabo"], 1),
        ("q=falconbus.example&role=attendant", ["Zanele"], 1),
        ("q=_", ["Sipho_x"], 1),
        ("q=%25", [], 0),
        ("page_size=2", ["Aziza", "Sipho_x"], 4),
        ("page_size=2&page=2", ["Thabo", "Zanele"], 4),
        ("page_size=2&page=3", [], 4),
    ],
)
def test_the_list_is_asked_by_role_and_words_and_counts_past_its_end(
    query: str, found: list[str], count: int, client: FlaskClient, headers: dict[str, str]
) -> None:
    add_person("thabo", Role.DRIVER)
    add_person("sipho_x", Role.DRIVER)
    answer = client.get(f"{STAFF}?{query}", headers=headers)
    assert (names(answer), answer.json["count"]) == (found, count)
    assert (answer.json["next"] is not None) == (query == "page_size=2")
    assert (answer.json["previous"] is not None) == ("&page=" in query)


@pytest.mark.parametrize("query", ["role=king", "q=", "q=%00", "page=0", "name=x", "fields=password_hash"])
def test_a_question_that_is_none_is_422(query: str, client: FlaskClient, headers: dict[str, str]) -> None:
    for address in (STAFF, f"{STAFF}/active"):
        assert client.get(f"{address}?{query}", headers=headers).status_code == 422


def test_the_active_are_shown_with_what_they_do(
    client: FlaskClient, database: SQLAlchemy, headers: dict[str, str], world: World
) -> None:
    thabo, sipho = add_person("thabo", Role.DRIVER), add_person("sipho", Role.DRIVER)
    now = clock.now().replace(microsecond=0)
    charter = add_charter(starts=now - timedelta(hours=1), hours=3, time_zone="Europe/Berlin")
    later = add_charter(starts=now + timedelta(hours=9))
    for appointment, status in (
        (charter, AssignmentStatus.ACCEPTED),
        (add_charter(starts=now + timedelta(hours=5)), AssignmentStatus.OFFERED),
        (add_charter(starts=now + timedelta(hours=30)), AssignmentStatus.ACCEPTED),
        (later, AssignmentStatus.ACCEPTED),
    ):
        add_assignment(appointment, thabo, CrewRole.DRIVER, status)
    schedule = world.add_schedule(at=now - timedelta(minutes=5))
    line = Assignment(schedule_id=schedule.id, staff_id=sipho.id, part="driver", status="accepted", offered_at=now)
    line.starts_at, line.ends_at = schedule.departure_time, schedule.arrival_time
    database.session.add(line)
    database.session.commit()
    answer = client.get(f"{STAFF}/active?role=driver&fields=name,now,next", headers=headers)
    assert answer.json["count"] == 2
    assert answer.json["results"] == [
        {
            "name": "Sipho",
            "now": {
                "kind": "schedule",
                "reference": None,
                "schedule_id": schedule.id,
                "until": clock.local(schedule.arrival_time, ZONE).isoformat(),
            },
            "next": None,
        },
        {
            "name": "Thabo",
            "now": {
                "kind": "charter",
                "reference": charter.reference,
                "schedule_id": None,
                "until": clock.local(charter.ends_at, "Europe/Berlin").isoformat(),
            },
            "next": clock.local(later.starts_at, ZONE).isoformat(),
        },
    ]
    everybody = client.get(f"{STAFF}/active?page_size=2", headers=headers)
    assert (names(everybody), everybody.json["count"]) == (["Aziza", "Sipho"], 3)
    beyond = client.get(f"{STAFF}/active?page=5", headers=headers)
    assert (names(beyond), beyond.json["count"]) == ([], 3)


def test_who_is_free_is_suggested_with_what_to_think_of(client: FlaskClient, headers: dict[str, str]) -> None:
    thabo, sipho = add_person("thabo", Role.DRIVER), add_person("sipho", Role.DRIVER)
    begins = tomorrow(10, days=3)
    add_assignment(add_charter(starts=begins - timedelta(hours=11)), thabo, status=AssignmentStatus.ACCEPTED)
    own = add_charter(starts=begins, hours=2)
    add_assignment(own, sipho, status=AssignmentStatus.ACCEPTED)
    query = {"part": "driver", "start": begins.isoformat(), "end": (begins + timedelta(hours=2)).isoformat()}
    answer = client.get(f"{STAFF}/free", query_string=query, headers=headers)
    assert names(answer) == ["Thabo"]
    assert answer.json["results"][0] == {
        "id": thabo.id,
        "name": "Thabo",
        "rest_before_hours": 7.0,
        "rest_after_hours": None,
        "driving_day_hours": 5.0,
        "driving_week_hours": answer.json["results"][0]["driving_week_hours"],
        "warnings": [{"code": "rest", "detail": "7 h of rest before the ride; the limit is 11 h"}],
    }
    besides = {**query, "appointment": own.reference.lower()}
    assert names(client.get(f"{STAFF}/free", query_string=besides, headers=headers)) == ["Sipho", "Thabo"]
    unknown = client.get(f"{STAFF}/free", query_string={**query, "appointment": "ABCD2345"}, headers=headers)
    assert (unknown.status_code, unknown.json["code"]) == (404, "appointment_not_found")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"end": "2027-01-01T10:00:00+02:00"}, "end_before_start"),
        ({"end": "2027-01-01T09:00:00+02:00"}, "end_before_start"),
        ({"end": "2027-01-01T08:30:00Z"}, None),
        ({"end": "2027-03-01T08:00:00Z"}, "ride_too_long"),
        ({"end": "2027-01-01T12:00:00"}, "invalid"),
        ({"end": "1798800000"}, "invalid"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "invalid"),
        ({"end": "9999-12-31T23:59:59-12:00"}, "invalid"),
        ({"part": "king"}, "invalid"),
    ],
)
def test_times_of_a_ride_are_checked(
    changes: dict[str, str], code: str | None, client: FlaskClient, headers: dict[str, str]
) -> None:
    query = {"part": "driver", "start": "2027-01-01T10:00:00+02:00", "end": "2027-01-01T12:00:00+02:00", **changes}
    answer = client.get(f"{STAFF}/free", query_string=query, headers=headers)
    assert (answer.status_code, (answer.json or {}).get("code")) == ((422, code) if code else (200, None))


def test_every_address_costs_the_same_for_one_person_and_for_a_hundred(
    client: FlaskClient, database: SQLAlchemy, admin: User
) -> None:
    headers = headers_of(admin)
    times = {"start": tomorrow(8).isoformat(), "end": tomorrow(9).isoformat()}
    addresses = [
        (STAFF, {"page_size": 100}, 1),
        (f"{STAFF}/active", {"page_size": 100}, 1),
        (f"{STAFF}/free", {"part": "driver", **times}, 1),
    ]

    def ask() -> list[tuple[int, int]]:
        seen = []
        for address, query, _ in addresses:
            with statements() as sent:
                answer = client.get(address, query_string=query, headers=headers)
            assert answer.status_code == 200
            # One of them reads the caller's token.
            seen.append((len(sent) - 1, len(answer.json["results"])))
        return seen

    assert ask() == [(1, 2), (1, 1), (1, 0)]
    for number in range(100):
        person = add_person(f"p{number}", Role.DRIVER)
        add_assignment(add_charter(starts=tomorrow(number % 5 + 12)), person, status=AssignmentStatus.ACCEPTED)
        database.session.add(StaffProfile(staff_id=person.id, phone="0821234567"))
    database.session.commit()
    assert ask() == [(1, 100), (1, 100), (1, 50)]


def test_travellers_are_not_staff(client: FlaskClient, admin: User, headers: dict[str, str]) -> None:
    traveller = add_person("traveller")
    for key in (traveller.id, 999_999_999):
        answers = [
            client.open(address.replace("/1", f"/{key}", 1), method=verb, json=body, headers=headers)
            for verb, address, body in CALLS
            if "/1" in address.removeprefix("/api/v1") and "free" not in address
        ]
        assert {(answer.status_code, answer.json["code"]) for answer in answers} == {(404, "staff_not_found")}
        assert len(answers) == 7
