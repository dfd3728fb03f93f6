"""The terms of a ticket are those it was sold on, wherever they are shown and whatever is computed from them."""

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from pypdf import PdfReader
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.messaging.mail_kinds import CONFIRMATION
from tests.accounts.signing import signed_in
from tests.calls import bearer, booking_body, pay
from tests.site.pages import address, confirmed, words
from tests.world import World
from tests.written import written

SOLD = {
    "route_name": "A - D",
    "fare_class_name": "Standard",
    "refundable": True,
    "conditions": "Gives back 90 % a day before.",
}


@pytest.fixture
def held(world: World, client: FlaskClient) -> dict[str, Any]:
    """A ticket that was sold before the terms changed."""
    world.standard.conditions = str(SOLD["conditions"])
    world.commit()
    sold = confirmed(client, world.add_schedule().id, fare_class="standard")
    change_terms(world, client)
    return sold


def change_terms(world: World, client: FlaskClient) -> None:
    operator = signed_in(Role.OPERATOR)
    changes = {"refundable": False, "name": "Saver", "conditions": "Gives nothing back.", "price_percent": 110}
    assert client.patch("/api/v1/fare-classes/standard", json=changes, headers=operator).status_code == 200
    world.route.name = "The new line"
    world.commit()


def shown(client: FlaskClient, held: dict[str, Any]) -> dict[str, Any]:
    answer = client.get(f"/api/v1/bookings/{held['reference']}", headers=bearer(held["manage_token"]))
    return answer.json["journeys"][0]  # type: ignore[no-any-return]


def test_the_booking_shows_what_was_sold(client: FlaskClient, held: dict[str, Any]) -> None:
    assert {name: shown(client, held)[name] for name in SOLD} == SOLD
    assert {name: held["journeys"][0][name] for name in SOLD} == SOLD


def test_the_quote_and_the_refund_are_as_sold(client: FlaskClient, held: dict[str, Any], database: SQLAlchemy) -> None:
    cancel, token = f"/api/v1/bookings/{held['reference']}/cancel", bearer(held["manage_token"])
    assert client.post(f"{cancel}?quote=1", json={}, headers=token).json == {
        "refund": "270.00",
        "fee": "30.00",
        "currency": "ZAR",
    }
    assert client.post(cancel, json={}, headers=token).json["refund"] == "270.00"
    assert database.session.execute(text("SELECT amount FROM refunds")).scalar_one() == 27000


def test_what_is_sold_later_has_the_new_terms(world: World, client: FlaskClient, held: dict[str, Any]) -> None:
    later = confirmed(client, world.add_schedule(days=8).id, fare_class="standard")
    assert {name: shown(client, later)[name] for name in SOLD} == {
        "route_name": "The new line",
        "fare_class_name": "Saver",
        "refundable": False,
        "conditions": "Gives nothing back.",
    }
    cancel = f"/api/v1/bookings/{later['reference']}/cancel?quote=1"
    assert client.post(cancel, json={}, headers=bearer(later["manage_token"])).json["refund"] == "0.00"


def test_a_hold_keeps_its_terms_until_it_is_paid(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held: dict[str, Any] = client.post("/api/v1/bookings", json=booking_body(world.add_schedule().id)).json or {}
    change_terms(world, client)
    assert pay(client, held).status_code == 201
    assert shown(client, held)["refundable"] is True


def test_papers_and_page_say_what_was_sold(client: FlaskClient, held: dict[str, Any]) -> None:
    ticket = client.get(address(held, "/ticket.pdf"))
    printed = PdfReader(io.BytesIO(ticket.data)).pages[0].extract_text()
    assert "Conditions of Standard" in printed
    assert "Gives back 90 % a day before." in printed
    assert "A - D" in printed
    page = words(client.get(address(held)))
    assert "A - D · coach FB-1 · Standard · 3 h" in page
    calendar = client.get(address(held, "/calendar.ics")).text
    for said in (printed, page, calendar):
        assert "Saver" not in said
        assert "The new line" not in said


def test_the_mail_says_what_was_sold(client: FlaskClient, held: dict[str, Any], database: SQLAlchemy) -> None:
    booking_id = database.session.execute(text("SELECT id FROM bookings")).scalar_one()
    content = written(CONFIRMATION, booking_id)
    assert content is not None
    for part in (content.texts.plain, content.texts.html):
        assert "Standard" in part
        assert "Saver" not in part
        assert "The new line" not in part


def test_my_bookings_name_what_was_sold(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    traveller = signed_in()
    body = booking_body(world.add_schedule().id)
    assert client.post("/api/v1/bookings", json=body, headers=traveller).status_code == 201
    change_terms(world, client)
    (line,) = client.get("/api/v1/me/bookings", headers=traveller).json["results"]
    assert (line["route_name"], line["fare_class"]) == ("A - D", "Standard")


def test_the_fees_are_those_of_the_sale(client: FlaskClient, held: dict[str, Any], database: SQLAlchemy) -> None:
    """A release with other refund steps is for what it sells itself."""
    kept = database.session.execute(text("SELECT refund_steps FROM journeys")).scalar_one()
    assert kept == [{"minutes_before": 1440, "percent": 90}, {"minutes_before": 120, "percent": 50}]
    other = """[{"minutes_before": 60, "percent": 75}]"""
    database.session.execute(text("UPDATE journeys SET refund_steps = CAST(:steps AS jsonb)"), {"steps": other})
    database.session.commit()
    quote = client.post(
        f"/api/v1/bookings/{held['reference']}/cancel?quote=1", json={}, headers=bearer(held["manage_token"])
    )
    assert quote.json["refund"] == "225.00"


def test_the_stop_and_the_bus_are_those_of_today(world: World, client: FlaskClient, held: dict[str, Any]) -> None:
    """A traveller has to find them: a stop that is called otherwise by now, the coach that really comes."""
    world.stops["A"].name, world.bus.number = "Park Station, bay 7", "FB-9"
    world.commit()
    now = shown(client, held)
    assert (now["origin_name"], now["bus_number"]) == ("Park Station, bay 7", "FB-9")
