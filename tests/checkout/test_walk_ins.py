"""Who buys at the counter may leave no e-mail: nothing is mailed, and the papers are handed over."""

from typing import Any

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role
from falconbus.messaging.mail_kinds import CONFIRMATION
from falconbus.platform.mailing.models import Mail
from tests.accounts.signing import signed_in
from tests.calls import booking_body
from tests.world import World


def sell(client: FlaskClient, schedule_id: int, headers: dict[str, str]) -> Any:
    """Sell a seat at the counter for cash, without an address; the booking."""
    held = client.post("/api/v1/bookings", json=booking_body(schedule_id, contact={"email": None}), headers=headers)
    assert held.status_code == 201, held.json
    address = f"/api/v1/bookings/{held.json['reference']}"
    paid = client.post(f"{address}/payments", json={"provider": "counter", "token": "cash"}, headers=headers)
    assert paid.status_code == 201, paid.json
    return client.get(address, headers=headers).json


def kinds_told(database: SQLAlchemy) -> list[tuple[str, str]]:
    return [(mail.kind, mail.recipient) for mail in database.session.query(Mail).order_by(Mail.id)]


def test_a_walk_in_is_sold_printed_and_cancelled_without_a_mail(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    agent = signed_in(Role.AGENT)
    booking = sell(client, world.add_schedule().id, agent)
    assert (booking["status"], booking["contact"]) == ("confirmed", {"email": None, "phone": None})
    paper = client.get(booking["papers"]["ticket"], headers=agent)
    assert (paper.status_code, paper.data[:5]) == (200, b"%PDF-")
    cancelled = client.post(f"/api/v1/bookings/{booking['reference']}/cancel", json={}, headers=agent)
    assert (cancelled.status_code, cancelled.json["status"]) == (200, "cancelled")
    assert kinds_told(database) == []


def test_nobody_else_may_leave_the_address_out(world: World, client: FlaskClient) -> None:
    body = booking_body(world.add_schedule().id, contact={"email": None, "phone": "082 000 0000"})
    for headers in ({}, signed_in(Role.DRIVER)):
        answer = client.post("/api/v1/bookings", json=body, headers=headers)
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/contact/email")


def test_a_walk_in_without_an_address_is_nobodys_by_guessing(world: World, client: FlaskClient) -> None:
    reference = sell(client, world.add_schedule().id, signed_in(Role.AGENT))["reference"]
    for guess in ("", "None", "null", "@"):
        assert client.get(f"/api/v1/bookings/{reference}", query_string={"email": guess}).status_code == 404


def test_an_address_given_later_gets_the_tickets(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    agent = signed_in(Role.AGENT)
    reference = sell(client, world.add_schedule().id, agent)["reference"]
    address = f"/api/v1/bookings/{reference}"
    corrected = client.patch(address, json={"email": "walk-in@example.com"}, headers=agent)
    assert corrected.status_code == 200, corrected.json
    assert kinds_told(database) == [(CONFIRMATION.name, "walk-in@example.com")]
    client.patch(address, json={"phone": "082 000 0000"}, headers=agent)
    assert len(kinds_told(database)) == 1


def test_a_cancelled_departure_tells_only_those_with_an_address(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    agent, operator = signed_in(Role.AGENT), signed_in(Role.OPERATOR)
    schedule = world.add_schedule()
    sell(client, schedule.id, agent)
    address = f"/api/v1/schedules/{schedule.id}/cancel"
    shown = client.post(f"{address}?preview=1", json={"reason": "snow"}, headers=operator)
    assert shown.status_code == 200, shown.json
    assert client.post(address, json={"reason": "snow"}, headers=operator).status_code == 200
    assert kinds_told(database) == []
