"""The page behind the manage link: who may see it, and what it says in each state of a booking."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.bookings import service as bookings
from falconbus.checkout import refunding
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.platform.web import problems, refusals
from tests.calls import booking_body, hold, pay
from tests.conftest import SECRET_KEY
from tests.counting import statements
from tests.site.pages import address, confirmed, words
from tests.world import World

PLACES = ("", "/cancel", "/ticket.pdf", "/calendar.ics")


@pytest.mark.parametrize("place", PLACES)
def test_without_its_token_a_booking_is_not_to_be_found(place: str, world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    held, other = confirmed(client, schedule.id), confirmed(client, schedule.id)
    page, token = f"/manage/{held['reference']}{place}", held["manage_token"]
    wrong = [
        page,
        f"{page}?token=",
        f"{page}?token={token[:-1]}",
        f"{page}?token={other['manage_token']}",
        f"{page}?token=fbm__%00%ED%A0%80",
        f"/manage/ZZZZ2222{place}?token={token}",
        f"/manage/%00{place}?token={token}",
        f"/manage/ZZZZ2222{place}?token={bookings.manage_token('ZZZZ2222', SECRET_KEY)}",
    ]
    answers = [client.get(each) for each in wrong]
    assert [answer.status_code for answer in answers] == [404] * len(wrong)
    assert len({answer.text for answer in answers}) == 1
    assert "We cannot find that booking" in words(answers[0])
    assert client.get(f"{page}?token={token}").status_code == 200


def test_neither_an_account_nor_an_email_opens_the_page(world: World, client: FlaskClient) -> None:
    held = hold(client, world.add_schedule().id)
    page, bearer = f"/manage/{held['reference']}", {"Authorization": f"Bearer {held['manage_token']}"}
    assert client.get(f"{page}?email=thandi@example.com", headers=bearer).status_code == 404


@pytest.mark.parametrize("spelled", [str.lower, lambda reference: f"{reference[:4]}-{reference[4:]}"])
def test_a_reference_may_be_spelled_as_people_do(spelled: Any, world: World, client: FlaskClient) -> None:
    held = hold(client, world.add_schedule().id)
    page = client.get(f"/manage/{spelled(held['reference'])}?token={held['manage_token']}&utm_source=mail")
    assert page.status_code == 200
    assert f"/manage/{held['reference']}/cancel?" in page.text


@pytest.mark.parametrize("place", [*PLACES, "/none"])
def test_what_bears_a_token_is_kept_nowhere(place: str, world: World, client: FlaskClient) -> None:
    held = confirmed(client, world.add_schedule().id)
    known = client.get(address(held, place)) if place != "/none" else client.get("/manage/ZZZZ2222?token=x")
    assert known.headers["Cache-Control"] == "private, no-store"
    assert known.headers["Referrer-Policy"] == "no-referrer"
    assert known.headers["X-Robots-Tag"] == "noindex"
    assert "form-action 'self'" in known.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in known.headers


def test_a_hold_says_until_when_and_that_payment_is_open(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = hold(client, world.add_schedule().id)
    until = "2099-03-01 22:30+00"
    database.session.execute(text("UPDATE bookings SET expires_at = :until"), {"until": until})
    database.session.commit()
    page = client.get(address(held))
    said = words(page)
    assert "Held until 00:30, not paid yet" in said
    assert "Mon 2 Mar, 00:30 (Johannesburg time). Payment is open" in said
    assert "a mail to thandi@example.com" in said
    assert "Total, not paid R300,00" in said
    assert "Tickets (PDF)" not in said
    assert "/cancel?" in page.text


def test_a_confirmed_booking_shows_all_of_the_trip(world: World, client: FlaskClient) -> None:
    world.standard.refundable = False
    world.commit()
    held = confirmed(client, world.add_schedule().id, "B", "D", passengers=2, seats=["6", "7"], fare_class="standard")
    page = client.get(address(held))
    said = words(page)
    for expected in (
        held["reference"],
        "Paid and confirmed",
        "City B, Station B to City D, Station D",
        "A - D · coach FB-1 · Standard, no refund · 1 h 55 min",
        "Thandi 0 6 R200,00 Thandi 1 7 R200,00",
        "Total paid R400,00",
        "Tickets (PDF) Calendar Cancel",
    ):
        assert expected in said
    assert "From 09:05" in said
    assert "Johannesburg time" not in said
    assert "Refund" not in said


def test_zones_are_named_where_they_differ(world: World, client: FlaskClient) -> None:
    world.stops["D"].time_zone = "Africa/Maputo"
    world.stops["C"].time_zone = "Africa/Nairobi"
    world.commit()
    schedule = world.add_schedule()
    same, other = hold(client, schedule.id, "A", "D"), hold(client, schedule.id, "A", "C")
    assert "From 08:00 Johannesburg time" not in words(client.get(address(same)))
    said = words(client.get(address(other)))
    assert "From 08:00 Johannesburg time" in said
    assert "To 11:00 Nairobi time" in said
    assert "2 h 00 min" in said


def test_a_pending_payment_is_told_of_and_bars_cancelling(world: World, client: FlaskClient) -> None:
    held = hold(client, world.add_schedule().id)
    assert pay(client, held, "slow").status_code == 202
    page = client.get(address(held))
    assert "A payment is under way" in words(page)
    assert "/cancel?" not in page.text


@pytest.mark.parametrize("swept", [False, True])
def test_a_hold_that_ran_out_is_over(*, swept: bool, world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = hold(client, world.add_schedule().id)
    change = "UPDATE bookings SET expires_at = :past, status = :status"
    values = {"past": clock.now() - timedelta(seconds=1), "status": "expired" if swept else "held"}
    database.session.execute(text(change), values)
    database.session.commit()
    page = client.get(address(held))
    assert "Your seats are no longer held" in words(page)
    assert "/cancel?" not in page.text
    assert "/ticket.pdf?" not in page.text


def test_a_cancelled_booking_tells_what_comes_back(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = confirmed(client, world.add_schedule().id)
    client.post(f"/api/v1/bookings/{held['reference']}/cancel?email=thandi@example.com", json={})
    page = client.get(address(held))
    said = words(page)
    assert "R270,00 goes back the way you paid" in said
    assert "Thandi 0 cancelled" in said
    assert "Total paid R300,00 Cancellation fee R30,00 Refund R270,00" in said
    assert "/cancel?" not in page.text
    refund_id = database.session.execute(text("SELECT id FROM refunds")).scalar_one()
    outbox_id = database.session.execute(text("SELECT id FROM outbox WHERE job = 'checkout.refund'")).scalar_one()
    transactions.run(lambda: refunding.pay_refund(refund_id, outbox_id))
    assert "Cancelled and refunded R270,00 has gone back" in words(client.get(address(held)))


@pytest.mark.parametrize(("paid", "expected"), [(True, "no money comes back"), (False, "Nothing had been paid")])
def test_a_cancelled_booking_tells_why_nothing_comes_back(
    *, paid: bool, expected: str, world: World, client: FlaskClient
) -> None:
    world.standard.refundable = False
    world.commit()
    held = (confirmed if paid else hold)(client, world.add_schedule().id, fare_class="standard")
    client.post(f"/api/v1/bookings/{held['reference']}/cancel?email=thandi@example.com", json={})
    assert expected in words(client.get(address(held)))


def test_when_the_coach_has_left_there_is_nothing_to_cancel(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = confirmed(client, world.add_schedule().id)
    database.session.execute(text("UPDATE journeys SET departs_at = now() - interval '1 minute'"))
    database.session.commit()
    page = client.get(address(held))
    assert "has left" in words(page)
    assert "/cancel?" not in page.text
    refused = client.get(address(held, "/cancel"))
    assert (refused.status_code, refused.mimetype) == (409, "text/html")
    assert "It is too late to cancel" in words(refused)


@pytest.mark.parametrize("place", ["", "/cancel"])
def test_names_are_text(place: str, world: World, client: FlaskClient) -> None:
    name = "<img src=x onerror=alert(1)>\"' & {{ 7*7 }}"
    body = booking_body(world.add_schedule().id, passengers=2)
    body["passengers"][0]["name"] = name
    held: dict[str, Any] = client.post("/api/v1/bookings", json=body).json or {}
    page = client.get(address(held, place))
    assert "<img" not in page.text
    assert name in words(page)


def test_papers_are_to_be_kept_by_the_traveller_only(world: World, client: FlaskClient) -> None:
    held = confirmed(client, world.add_schedule().id)
    ticket, calendar = client.get(address(held, "/ticket.pdf")), client.get(address(held, "/calendar.ics"))
    assert (ticket.mimetype, ticket.data[:5]) == ("application/pdf", b"%PDF-")
    assert ticket.headers["Content-Disposition"] == f"attachment; filename=tickets-{held['reference']}.pdf"
    assert (calendar.content_type, calendar.data[:15]) == ("text/calendar; charset=utf-8", b"BEGIN:VCALENDAR")
    assert calendar.headers["Content-Disposition"] == f"attachment; filename=journey-{held['reference']}.ics"


@pytest.mark.parametrize("place", ["/ticket.pdf", "/calendar.ics"])
def test_a_hold_has_no_papers(place: str, world: World, client: FlaskClient) -> None:
    held = hold(client, world.add_schedule().id)
    refused = client.get(address(held, place))
    assert (refused.status_code, refused.mimetype) == (409, "text/html")
    assert "There are no tickets" in words(refused)
    assert "See the booking" in words(refused)


@pytest.mark.parametrize(
    ("status", "code", "heading"),
    [(429, "rate_limited", "Too many tries"), (503, "unavailable", "Something went wrong")],
)
def test_every_other_refusal_is_a_page_too(status: int, code: str, heading: str, app: FalconBus) -> None:
    with app.test_request_context("/manage/ABCD2345"):
        refusal = problems.response(status, code, "for machines", "for machines")
        refusal.headers["Retry-After"] = "7"
        page = refusals.as_page(refusal)
    assert (page.status_code, page.mimetype, page.headers["Retry-After"]) == (status, "text/html", "7")
    assert heading in words(page)
    assert "machines" not in words(page)


def test_seven_passengers_take_no_more_queries_than_one(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    for passengers in (1, 7):
        held = confirmed(client, schedule.id, passengers=passengers)
        with statements() as issued:
            assert client.get(address(held)).status_code == 200
        assert len(issued) <= 4, issued
