"""Licences, working hours and leave over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import AuditEntry, Role, User
from falconbus.platform.kit import clock
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus, CrewRole
from falconbus.scheduling.staff_records.models import Leave, Licence, WorkingHours
from tests.network.calls import pointers
from tests.scheduling.charters import add_assignment, add_charter, tomorrow
from tests.scheduling.people import add_licence, add_person, headers_of
from tests.world import ZONE, World

STAFF = "/api/v1/scheduling/staff"


@pytest.fixture
def headers(database: SQLAlchemy) -> dict[str, str]:
    """An operator's; beside them a driver with records of each kind, which stay."""
    other = add_person("other", Role.DRIVER)
    day = clock.today(ZONE)
    database.session.add(WorkingHours(staff_id=other.id, weekday=1, begins_minute=0, ends_minute=60))
    database.session.add(Leave(staff_id=other.id, first_day=day, last_day=day, kind="sick"))
    database.session.commit()
    return headers_of(add_person("olga", Role.OPERATOR))


@pytest.fixture
def thabo(database: SQLAlchemy) -> User:
    return add_person("thabo", Role.ATTENDANT)


def others(database: SQLAlchemy, person: User) -> list[int]:
    """How many records of each kind everybody else has."""
    return [
        database.session.query(table).where(table.staff_id != person.id).count()
        for table in (Licence, WorkingHours, Leave)
    ]


def test_a_licence_is_noted_renewed_and_forgotten(
    client: FlaskClient, database: SQLAlchemy, headers: dict[str, str], thabo: User
) -> None:
    address = f"{STAFF}/{thabo.id}/licences"
    body = {"kind": "PrDP", "number": "A 1", "expires_on": "2030-01-31"}
    made = client.post(address, json=body, headers={**headers, "Idempotency-Key": "sixteen characters"})
    again = client.post(address, json=body, headers={**headers, "Idempotency-Key": "sixteen characters"})
    assert (made.status_code, made.json) == (201, {"id": made.json["id"], **body})
    assert (again.status_code, again.json) == (201, made.json)
    twice = client.post(address, json={**body, "expires_on": "2031-01-01"}, headers=headers)
    assert (twice.status_code, twice.json["code"], pointers_of(twice)) == (409, "licence_exists", ["/number"])
    renewed = client.post(address, json={**body, "number": "A 2", "expires_on": "2035-01-31"}, headers=headers)
    shown = client.get(f"{STAFF}/{thabo.id}", headers=headers).json
    assert (shown["licences"], shown["licence_expires_on"]) == ([renewed.json, made.json], "2035-01-31")
    assert client.delete(f"{address}/{made.json['id']}", headers=headers).status_code == 204
    gone = client.delete(f"{address}/{made.json['id']}", headers=headers)
    assert (gone.status_code, gone.json["code"]) == (404, "licence_not_found")
    assert client.get(f"{STAFF}/{thabo.id}", headers=headers).json["licences"] == [renewed.json]
    assert others(database, thabo) == [1, 1, 1]
    told = database.session.query(AuditEntry.action).where(AuditEntry.subject == "licences").order_by(AuditEntry.id)
    assert [row.action for row in told] == ["create", "create", "delete"]


def pointers_of(answer: Any) -> list[str]:
    return [fault["pointer"] for fault in answer.json["errors"]]


def test_what_is_wrong_with_a_licence_is_told_beside_a_right_value(
    client: FlaskClient, headers: dict[str, str], thabo: User
) -> None:
    body = {"kind": "", "number": "x" * 65, "expires_on": "1999-12-31"}
    answer = client.post(f"{STAFF}/{thabo.id}/licences", json=body, headers=headers)
    assert [fault["detail"] for fault in answer.json["errors"]] == [
        "must have 1 characters or more (for example PrDP)",
        "must have 64 characters or fewer (for example 60450001AB12)",
        "must be 2000-01-01 or more (for example 2026-12-18)",
    ]


def test_what_belongs_to_somebody_else_is_not_there(
    client: FlaskClient, database: SQLAlchemy, headers: dict[str, str], thabo: User
) -> None:
    licence = add_licence(add_person("sipho", Role.DRIVER), days=3, kind="EC")
    leave = database.session.query(Leave).one()
    for kind, key in (("licences", licence.id), ("leaves", leave.id)):
        answer = client.delete(f"{STAFF}/{thabo.id}/{kind}/{key}", headers=headers)
        assert (answer.status_code, answer.json["code"]) == (404, f"{kind[:-1]}_not_found")
    assert others(database, thabo) == [3, 1, 1]


@pytest.mark.parametrize(
    ("kind", "body", "faults"),
    [
        ("licences", {"kind": "", "number": "x" * 65, "expires_on": "soon"}, ["/kind", "/number", "/expires_on"]),
        ("licences", {"kind": "EC", "number": "1", "expires_on": "1999-12-31", "x": 1}, ["/expires_on", "/x"]),
        ("licences", {"kind": "a\nb", "number": "1", "expires_on": 3}, ["/kind", "/expires_on"]),
        ("leaves", {"first_day": "2027-01-02", "last_day": "2027-01-01", "kind": "sick"}, ["/last_day"]),
        ("leaves", {"first_day": "2027-01-01", "last_day": "2028-02-05", "kind": "sick"}, ["/last_day"]),
        ("leaves", {"first_day": "2027-02-30", "last_day": "2027-03-01", "kind": None}, ["/first_day", "/kind"]),
        ("leaves", {"first_day": "2027-01-01", "last_day": "2200-01-01", "kind": "x", "y": ""}, ["/last_day", "/y"]),
        ("hours", {}, ["/hours"]),
        ("hours", {"hours": [{"weekday": 8, "begins": "24:00", "ends": "8"}]}, [
            "/hours/0/weekday", "/hours/0/begins", "/hours/0/ends",
        ]),
        ("hours", {"hours": [{"weekday": 1, "begins": "08:00", "ends": "17:00", "break": 1}]}, ["/hours/0/break"]),
    ],
)  # fmt: skip
def test_what_is_no_record_is_told_and_nothing_is_changed(
    kind: str, body: dict[str, Any], faults: list[str], client: FlaskClient, database: SQLAlchemy,
    headers: dict[str, str], thabo: User,
) -> None:  # fmt: skip
    answer = client.open(
        f"{STAFF}/{thabo.id}/{kind}", method="PUT" if kind == "hours" else "POST", json=body, headers=headers
    )
    assert pointers(answer) == faults
    shown = client.get(f"{STAFF}/{thabo.id}", headers=headers).json
    assert (shown["licences"], shown["hours"], shown["leaves"]) == ([], [], [])


def test_a_leave_of_400_days_is_the_longest(client: FlaskClient, headers: dict[str, str], thabo: User) -> None:
    body = {"first_day": "2027-01-01", "last_day": "2028-02-04", "kind": "unpaid"}
    assert client.post(f"{STAFF}/{thabo.id}/leaves", json=body, headers=headers).status_code == 201


def hours(*stretches: tuple[int, str, str]) -> dict[str, Any]:
    return {"hours": [{"weekday": day, "begins": begins, "ends": ends} for day, begins, ends in stretches]}


def test_a_week_of_hours_is_replaced_as_a_whole(
    client: FlaskClient, database: SQLAlchemy, headers: dict[str, str], thabo: User
) -> None:
    address = f"{STAFF}/{thabo.id}/hours"
    week = hours((1, "08:00", "12:00"), (1, "12:00", "17:00"), (5, "22:00", "06:00"), (7, "08:00", "08:00"))
    mixed = {"hours": week["hours"][::-1]}
    assert client.put(address, json=mixed, headers=headers).json == {**week, "duties": []}
    assert client.get(f"{STAFF}/{thabo.id}", headers=headers).json["hours"] == week["hours"]
    rows = database.session.query(WorkingHours.begins_minute, WorkingHours.ends_minute).where(
        WorkingHours.staff_id == thabo.id, WorkingHours.weekday >= 5
    )
    assert {tuple(row) for row in rows} == {(1320, 1800), (480, 1920)}
    one = hours((2, "00:00", "23:59"))
    assert client.put(address, json=one, headers=headers).json == {**one, "duties": []}
    assert client.put(address, json=hours(), headers=headers).json == {"hours": [], "duties": []}
    assert others(database, thabo) == [1, 1, 1]


def test_new_hours_name_the_duties_outside_them(
    client: FlaskClient, database: SQLAlchemy, headers: dict[str, str], thabo: User
) -> None:
    inside, outside = (add_charter(starts=tomorrow(hour, days=30)) for hour in (9, 15))
    for charter in (inside, outside):
        add_assignment(charter, thabo, CrewRole.DRIVER, AssignmentStatus.ACCEPTED)
    add_assignment(add_charter(starts=tomorrow(21, days=30)), thabo)
    past = add_charter(starts=clock.now() - timedelta(days=1))
    add_assignment(past, thabo, CrewRole.DRIVER, AssignmentStatus.ACCEPTED)
    week = hours((inside.starts_at.isoweekday(), "08:00", "17:00"))
    answer = client.put(f"{STAFF}/{thabo.id}/hours", json=week, headers=headers)
    assert answer.status_code == 200
    assert [duty["reference"] for duty in answer.json["duties"]] == [outside.reference]


@pytest.mark.parametrize(
    "week",
    [
        hours((1, "08:00", "12:00"), (1, "11:59", "13:00")),
        hours((1, "08:00", "12:00"), (1, "08:00", "09:00")),
        hours((1, "22:00", "06:00"), (2, "05:00", "07:00")),
        hours((7, "22:00", "06:00"), (1, "05:00", "07:00")),
        hours((3, "08:00", "08:00"), (3, "20:00", "21:00")),
    ],
)
def test_hours_that_overlap_are_refused(
    week: dict[str, Any], client: FlaskClient, headers: dict[str, str], thabo: User
) -> None:
    kept = hours((4, "08:00", "12:00"))
    address = f"{STAFF}/{thabo.id}/hours"
    client.put(address, json=kept, headers=headers)
    answer = client.put(address, json=week, headers=headers)
    assert (answer.status_code, answer.json["code"], pointers_of(answer)) == (422, "hours_overlap", ["/hours"])
    assert client.get(f"{STAFF}/{thabo.id}", headers=headers).json["hours"] == kept["hours"]


def test_a_leave_tells_of_the_duties_that_need_somebody_else(
    client: FlaskClient, database: SQLAlchemy, headers: dict[str, str], thabo: User, world: World
) -> None:
    day = clock.today(ZONE) + timedelta(days=5)
    inside = add_charter(starts=tomorrow(10, days=5), time_zone="Europe/Berlin")
    for charter, status in (
        (inside, AssignmentStatus.ACCEPTED),
        (add_charter(starts=tomorrow(10, days=6)), AssignmentStatus.OFFERED),
        (add_charter(starts=tomorrow(20, days=4), hours=4), AssignmentStatus.ACCEPTED),
        (add_charter(starts=tomorrow(0, days=7), hours=1), AssignmentStatus.ACCEPTED),
    ):
        add_assignment(charter, thabo, status=status)
    schedule = world.add_schedule(days=6)
    line = Assignment(schedule_id=schedule.id, staff_id=thabo.id, part="attendant", status="accepted")
    line.starts_at, line.ends_at, line.offered_at = schedule.departure_time, schedule.arrival_time, clock.now()
    database.session.add(line)
    add_assignment(inside, add_person("sipho", Role.ATTENDANT), status=AssignmentStatus.OFFERED)
    body = {"first_day": day.isoformat(), "last_day": (day + timedelta(days=1)).isoformat(), "kind": "sick"}
    made = client.post(f"{STAFF}/{thabo.id}/leaves", json=body, headers=headers)
    assert made.status_code == 201
    assert made.json["duties"] == [
        {
            "kind": "charter",
            "reference": inside.reference,
            "schedule_id": None,
            "part": "driver",
            "starts_at": clock.local(inside.starts_at, "Europe/Berlin").isoformat(),
            "ends_at": clock.local(inside.ends_at, "Europe/Berlin").isoformat(),
        },
        {
            "kind": "schedule",
            "reference": None,
            "schedule_id": schedule.id,
            "part": "attendant",
            "starts_at": clock.local(schedule.departure_time, ZONE).isoformat(),
            "ends_at": clock.local(schedule.arrival_time, ZONE).isoformat(),
        },
    ]
    shown = client.get(f"{STAFF}/{thabo.id}", headers=headers).json
    assert shown["leaves"] == [{"id": made.json["id"], **body}]
    address = f"{STAFF}/{thabo.id}/leaves/{made.json['id']}"
    assert client.delete(address, headers=headers).status_code == 204
    assert client.delete(address, headers=headers).json["code"] == "leave_not_found"
    assert others(database, thabo) == [1, 1, 1]


def test_a_leave_of_the_past_tells_of_nothing(client: FlaskClient, headers: dict[str, str], thabo: User) -> None:
    add_assignment(add_charter(starts=tomorrow(10, days=-3)), thabo, status=AssignmentStatus.ACCEPTED)
    day = (clock.today(ZONE) - timedelta(days=3)).isoformat()
    body = {"first_day": day, "last_day": day, "kind": "sick"}
    made = client.post(f"{STAFF}/{thabo.id}/leaves", json=body, headers=headers)
    assert (made.status_code, made.json["duties"]) == (201, [])
    assert client.get(f"{STAFF}/{thabo.id}", headers=headers).json["leaves"] == []
