"""Cancelling by hand: the quote for those chosen, then exactly that, once."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from tests.calls import hold, pay
from tests.site.pages import address, confirmed, fields, press_cancel, status, words
from tests.world import World


def refunds(database: SQLAlchemy) -> list[int]:
    database.session.rollback()
    return list(database.session.execute(text("SELECT amount FROM refunds ORDER BY id")).scalars())


def leave(database: SQLAlchemy, ahead: str) -> None:
    """Let the journeys depart so soon."""
    change = "UPDATE journeys SET departs_at = now() + CAST(:ahead AS interval)"
    database.session.execute(text(change), {"ahead": ahead})
    database.session.commit()


def test_everybody_is_ticked_at_first_and_the_quote_is_carried_out(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    schedule = world.add_schedule()
    held, other = (confirmed(client, schedule.id, passengers=2) for _ in range(2))
    page = client.get(address(held, "/cancel"))
    assert page.text.count(" checked>") == 2
    assert "Fares of these tickets R600,00 Cancellation fee R60,00 Refund R540,00" in words(page)
    assert "Cancel these 2 tickets" in words(page)
    assert status(client, held) == "confirmed"
    done = press_cancel(client, held, page)
    assert done.status_code == 303
    booking = client.get(done.headers["Location"])
    assert "Done: what you chose is cancelled." in words(booking)
    assert "R540,00 goes back" in words(booking)
    assert refunds(database) == [54000]
    assert (status(client, held), status(client, other)) == ("cancelled", "confirmed")


def test_one_of_two_is_cancelled(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = confirmed(client, world.add_schedule().id, passengers=2)
    page = client.get(address(held, "/cancel", chosen=1, passenger=[2]))
    assert page.text.count(" checked>") == 1
    assert "Refund R270,00 Cancel this ticket" in words(page)
    assert fields(page)["passenger"] == ["2"]
    booking = client.get(press_cancel(client, held, page).headers["Location"])
    assert "Confirmed, partly cancelled" in words(booking)
    assert "Thandi 1 cancelled" in words(booking)
    assert "Thandi 0 cancelled" not in words(booking)
    assert refunds(database) == [27000]
    rest = client.get(address(held, "/cancel"))
    assert fields(rest)["passenger"] == ["1"]
    assert 'type="checkbox"' not in rest.text


def test_nobody_ticked_is_asked_again(world: World, client: FlaskClient) -> None:
    held = confirmed(client, world.add_schedule().id, passengers=2)
    page = client.get(address(held, "/cancel", chosen=1))
    assert page.status_code == 200
    assert "Tick at least one passenger" in words(page)
    assert 'method="post"' not in page.text
    again = client.post(f"/manage/{held['reference']}/cancel", data={"token": held["manage_token"]})
    assert "Tick at least one passenger" in words(client.get(again.headers["Location"]))
    assert status(client, held) == "confirmed"


def test_a_hold_is_given_up_for_nothing(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = hold(client, world.add_schedule().id)
    page = client.get(address(held, "/cancel"))
    assert "Nothing has been paid, so this costs nothing" in words(page)
    booking = client.get(press_cancel(client, held, page).headers["Location"])
    assert "Nothing had been paid" in words(booking)
    assert (status(client, held), refunds(database)) == ("cancelled", [])


def test_a_quote_that_has_changed_is_shown_anew_and_nothing_is_cancelled(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = confirmed(client, world.add_schedule().id, passengers=2)
    page = client.get(address(held, "/cancel", chosen=1, passenger=[1]))
    leave(database, "5 hours")
    sent_on = press_cancel(client, held, page)
    assert sent_on.status_code == 303
    assert (status(client, held), refunds(database)) == ("confirmed", [])
    told = "SELECT count(*) FROM mails WHERE kind = 'booking.cancellation'"
    assert database.session.execute(text(told)).scalar_one() == 0
    anew = client.get(sent_on.headers["Location"])
    assert "what comes back has changed" in words(anew)
    assert "Refund R150,00" in words(anew)
    assert fields(anew)["passenger"] == ["1"]
    press_cancel(client, held, anew)
    assert refunds(database) == [15000]


def test_a_hold_that_was_paid_meanwhile_is_not_cancelled_for_nothing(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = hold(client, world.add_schedule().id)
    page = client.get(address(held, "/cancel"))
    pay(client, held)
    anew = client.get(press_cancel(client, held, page).headers["Location"])
    assert "Refund R270,00" in words(anew)
    assert status(client, held) == "confirmed"


@pytest.mark.parametrize("bad", [{"refund": []}, {"fee": ["x"]}, {"refund": ["99900"]}, {"refund": ["9" * 5000]}])
def test_sums_that_were_never_shown_cancel_nothing(
    bad: dict[str, list[str]], world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = confirmed(client, world.add_schedule().id)
    data = {**fields(client.get(address(held, "/cancel"))), **bad}
    answer = client.post(f"/manage/{held['reference']}/cancel", data=data)
    assert answer.status_code == 303
    assert "/cancel?" in answer.headers["Location"]
    assert (status(client, held), refunds(database)) == ("confirmed", [])


@pytest.mark.parametrize(
    ("passengers", "code", "heading"),
    [(1, 409, "This booking is cancelled already"), (2, 422, "These tickets could not be cancelled")],
)
def test_a_form_sent_twice_pays_back_once(
    passengers: int, code: int, heading: str, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = confirmed(client, world.add_schedule().id, passengers=passengers)
    page = client.get(address(held, "/cancel", chosen=1, passenger=[1]))
    assert press_cancel(client, held, page).status_code == 303
    again = press_cancel(client, held, page)
    assert (again.status_code, again.mimetype) == (code, "text/html")
    assert heading in words(again)
    assert f'href="{address(held)}"' in again.text
    assert refunds(database) == [27000]


@pytest.mark.parametrize("passenger", ["7", "0", "10", "x", "²", "-1", "9" * 5000])
def test_who_is_not_on_the_booking_cannot_be_cancelled(passenger: str, world: World, client: FlaskClient) -> None:
    held = confirmed(client, world.add_schedule().id)
    data = {**fields(client.get(address(held, "/cancel"))), "passenger": [passenger]}
    asked = client.get(address(held, "/cancel", chosen=1, passenger=[passenger]))
    sent = client.post(f"/manage/{held['reference']}/cancel", data=data)
    for refused in (asked, sent):
        assert (refused.status_code, refused.mimetype) == (422, "text/html")
    assert status(client, held) == "confirmed"


def _run_out(held: dict[str, Any], client: FlaskClient, database: SQLAlchemy) -> None:
    database.session.execute(text("UPDATE bookings SET expires_at = now() - interval '1 second'"))
    database.session.commit()


def _begin_to_pay(held: dict[str, Any], client: FlaskClient, database: SQLAlchemy) -> None:
    assert pay(client, held, "slow").status_code == 202


def _depart(held: dict[str, Any], client: FlaskClient, database: SQLAlchemy) -> None:
    leave(database, "-1 minute")


@pytest.mark.parametrize(
    ("meanwhile", "heading"),
    [
        (_run_out, "Your seats are no longer held"),
        (_begin_to_pay, "A payment is under way"),
        (_depart, "It is too late to cancel"),
    ],
)
def test_what_happens_before_the_form_is_sent_is_told_on_a_page(
    meanwhile: Any, heading: str, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = hold(client, world.add_schedule().id)
    page = client.get(address(held, "/cancel"))
    meanwhile(held, client, database)
    refused = press_cancel(client, held, page)
    assert (refused.status_code, refused.mimetype) == (409, "text/html")
    assert refused.headers["Cache-Control"] == "private, no-store"
    assert heading in words(refused)
    assert status(client, held) == "held"


def test_what_has_left_stays_and_what_is_ahead_ends(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    there, back = world.add_schedule(days=7), world.add_schedule(world.add_timetable(world.add_route("D", "A")), days=9)
    ride = {"schedule_id": back.id, "origin": "D", "destination": "A"}
    first = {"schedule_id": there.id, "origin": "A", "destination": "D"}
    held = confirmed(client, there.id, journeys=[first, ride])
    database.session.execute(text("UPDATE journeys SET departs_at = now() - interval '1 day' WHERE number = 1"))
    database.session.commit()
    page = client.get(address(held, "/cancel"))
    assert "City D, Station D to City A, Station A" in words(page)
    assert "City A, Station A to City D, Station D" not in words(page)
    booking = client.get(press_cancel(client, held, page).headers["Location"])
    assert "Confirmed, partly cancelled" in words(booking)
    assert "/cancel?" not in booking.text
    assert "/ticket.pdf?" in booking.text


def test_the_token_counts_in_the_form_only(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    held, other = confirmed(client, schedule.id), confirmed(client, schedule.id)
    form = fields(client.get(address(held, "/cancel")))
    for token in ([], [""], [other["manage_token"]]):
        refused = client.post(address(held, "/cancel"), data={**form, "token": token})
        assert (refused.status_code, refused.mimetype) == (404, "text/html")
        assert "See the booking" not in words(refused)
    assert status(client, held) == "confirmed"


def test_a_form_that_is_too_large_is_refused_on_a_page(world: World, client: FlaskClient) -> None:
    held = confirmed(client, world.add_schedule().id)
    refused = client.post(f"/manage/{held['reference']}/cancel", data={"token": "x" * 70_000})
    assert (refused.status_code, refused.mimetype) == (413, "text/html")
