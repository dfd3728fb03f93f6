"""Finding bookings by what somebody at the telephone has."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from falconbus.accounts.models import Role
from falconbus.bookings import finding
from falconbus.bookings.models import Booking, Ticket
from tests.accounts.signing import signed_in
from tests.calls import booking_body, hold, pay
from tests.world import World

NAMES = ("Thandi Khumalo", "Zoë O’Brien-Łukasz", "Søren Đặng", "أحمد علي", "王小明", "दिल्ली St.John")


@pytest.fixture
def agent(client: FlaskClient, database: SQLAlchemy) -> dict[str, str]:
    return signed_in(Role.AGENT)


@pytest.fixture
def references(world: World, client: FlaskClient) -> dict[str, str]:
    """Bookings of one passenger each, by the passenger's name."""
    schedule = world.add_schedule()
    return {name: _held(client, schedule.id, name, number)["reference"] for number, name in enumerate(NAMES)}


def _held(client: FlaskClient, schedule_id: int, name: str, number: int) -> Any:
    contact = {"email": f"p{number}@bücher.example", "phone": f"+27 82 000 000{number}"}
    body = booking_body(schedule_id, passengers=0, contact=contact) | {"passengers": [{"name": name}]}
    answer = client.post("/api/v1/bookings", json=body)
    assert answer.status_code == 201, answer.json
    return answer.json


def found(client: FlaskClient, headers: dict[str, str], q: str) -> list[str]:
    answer = client.get("/api/v1/bookings", query_string={"q": q}, headers=headers)
    assert answer.status_code == 200, answer.json
    return [row["reference"] for row in answer.json["results"]]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("khumalo", "Thandi Khumalo"),
        ("KHUM thandi", "Thandi Khumalo"),
        ("zoe", "Zoë O’Brien-Łukasz"),
        ("o'brien", "Zoë O’Brien-Łukasz"),
        ("obrien zoe", "Zoë O’Brien-Łukasz"),
        ("lukasz", "Zoë O’Brien-Łukasz"),
        ("soren dang", "Søren Đặng"),
        ("علي", "أحمد علي"),
        ("王小", "王小明"),
        ("st john", "दिल्ली St.John"),
        ("082 000 0002", "Søren Đặng"),
        ("+27820000002", "Søren Đặng"),
        ("P3@BÜCHER.example", "أحمد علي"),
        ("p3@xn--bcher-kva.example", "أحمد علي"),
    ],
)
def test_a_name_a_phone_or_an_address_leads_to_its_booking(
    client: FlaskClient, agent: dict[str, str], references: dict[str, str], typed: str, name: str
) -> None:
    assert found(client, agent, typed) == [references[name]]


def test_a_reference_a_ticket_code_or_a_payment_leads_to_its_booking(
    world: World, client: FlaskClient, agent: dict[str, str], references: dict[str, str], database: SQLAlchemy
) -> None:
    held = hold(client, world.add_schedule(days=3).id)
    reference = held["reference"]
    key = pay(client, held).json["payment_id"]
    code = database.session.scalars(
        select(Ticket.code).join(Booking, Booking.id == Ticket.booking_id).where(Booking.reference == reference)
    ).one()
    database.session.execute(
        text("UPDATE payments SET provider_reference = 'EFT 2026/77' WHERE key = :key"), {"key": key}
    )
    database.session.commit()
    spoken = f"{reference[:4].lower()} - {reference[4:]}"
    for typed in (reference, spoken, code, code.lower(), key, "EFT 2026/77"):
        assert found(client, agent, typed) == [reference], typed


@pytest.mark.parametrize(
    "typed", ["nobody", "thandi zulu", "00000", "p9@example.com", "'", "!:* & |", "%", "a@", "\\", "ʼʼ", "-"]
)
def test_what_nothing_has_finds_nothing(
    client: FlaskClient, agent: dict[str, str], references: dict[str, str], typed: str
) -> None:
    assert found(client, agent, typed) == []


def test_a_search_goes_with_the_other_filters_and_is_the_staffs_alone(
    client: FlaskClient, agent: dict[str, str], references: dict[str, str]
) -> None:
    query = {"q": "khumalo", "status": "confirmed"}
    assert client.get("/api/v1/bookings", query_string=query, headers=agent).json["results"] == []
    assert client.get("/api/v1/bookings", query_string=query).status_code == 401
    for q in ("", " ", "x" * 201, "a\nb"):
        assert client.get("/api/v1/bookings", query_string={"q": q}, headers=agent).status_code == 422


def test_a_line_says_who_rides_from_where_to_where_and_when(
    world: World, client: FlaskClient, agent: dict[str, str]
) -> None:
    first, second = world.add_schedule(days=3), world.add_schedule(days=5)
    body = booking_body(first.id, "B", "D", passengers=2)
    body["journeys"].append({"schedule_id": second.id, "origin": "A", "destination": "C"})
    reference = client.post("/api/v1/bookings", json=body).json["reference"]
    line = client.get("/api/v1/bookings", headers=agent).json["results"][0]
    created = line.pop("created_at")
    assert created
    assert line == {
        "reference": reference,
        "status": "held",
        "email": "thandi@example.com",
        "phone": "+27 82 000 0000",
        "passengers": ["Thandi 0", "Thandi 1"],
        "journeys": 2,
        "route_name": "A - D",
        "origin_name": "City B, Station B",
        "destination_name": "City D, Station D",
        "departure_time": f"{world.day_of(first)}T09:05:00+02:00",
        "total": "800.00",
        "currency": "ZAR",
    }


def test_every_way_to_a_booking_goes_by_an_index(database: SQLAlchemy) -> None:
    """Sequential scans are forbidden: what is left of them has no index."""
    statement = finding.select_found("a27 82 000 0000")
    mailed = finding.select_found("thandi@example.com")
    database.session.execute(text("SET LOCAL enable_seqscan = off"))
    for select_ids in (statement, mailed):
        compiled = select_ids.compile(database.engine, compile_kwargs={"literal_binds": True})
        plan = "\n".join(row[0] for row in database.session.execute(text(f"EXPLAIN {compiled}".replace(":*", "\\:*"))))
        assert "Seq Scan" not in plan, plan
