"""Cancelling a journey alone by hand, and children who would be left."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from tests.checkout.trips import claimed, paid_return, refunds
from tests.site.pages import address, fields, press_cancel, status, words
from tests.world import World

THERE, BACK = "City A, Station A to City D, Station D", "City D, Station D to City A, Station A"


def test_every_journey_is_ticked_at_first(world: World, client: FlaskClient) -> None:
    held = paid_return(world, client)
    page = client.get(address(held, "/cancel"))
    assert "On which journeys?" in words(page)
    assert page.text.count(" checked>") == 3
    assert "Refund R540,00 Cancel these 2 tickets" in words(page)
    assert (fields(page)["passenger"], fields(page)["journey"]) == (["1"], ["1", "2"])
    assert (fields(page)["refund"], fields(page)["fee"]) == (["540.00"], ["60.00"])


def test_one_journey_is_cancelled_and_the_other_stays(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = paid_return(world, client, "adult", "adult")
    page = client.get(address(held, "/cancel", chosen=1, passenger=[1, 2], journey=[1]))
    ends = words(page).split("What ends")[1]
    assert THERE in ends
    assert BACK not in ends
    assert "Refund R540,00 Cancel these 2 tickets" in ends
    booking = client.get(press_cancel(client, held, page).headers["Location"])
    assert "Confirmed, partly cancelled" in words(booking)
    assert f"{THERE} cancelled" in words(booking)
    assert f"{BACK} cancelled" not in words(booking)
    assert refunds(database) == [54000]
    assert {row[0] for row in claimed(database, held)} == {held["journeys"][1]["schedule_id"]}
    rest = client.get(address(held, "/cancel"))
    assert "On which journeys?" not in words(rest)
    assert fields(rest)["journey"] == ["2"]
    press_cancel(client, held, rest)
    assert (status(client, held), refunds(database)) == ("cancelled", [54000, 54000])


@pytest.mark.parametrize("ticked", [{"passenger": [1]}, {"journey": [1]}, {}])
def test_without_a_journey_or_a_passenger_it_is_asked_again(
    ticked: dict[str, list[int]], world: World, client: FlaskClient
) -> None:
    held = paid_return(world, client, "adult", "adult")
    page = client.get(address(held, "/cancel", chosen=1, **ticked))
    assert "Tick at least one passenger and one journey" in words(page)
    assert 'method="post"' not in page.text


@pytest.mark.parametrize("journey", ["7", "0", "x", "3"])
def test_a_journey_that_the_booking_has_not_cannot_be_cancelled(
    journey: str, world: World, client: FlaskClient
) -> None:
    held = paid_return(world, client)
    data = {**fields(client.get(address(held, "/cancel"))), "journey": [journey]}
    asked = client.get(address(held, "/cancel", chosen=1, passenger=[1], journey=[journey]))
    sent = client.post(f"/manage/{held['reference']}/cancel", data=data)
    for refused in (asked, sent):
        assert (refused.status_code, refused.mimetype) == (422, "text/html")
        assert "This journey could not be cancelled" in words(refused)
    assert status(client, held) == "confirmed"


def test_what_was_chosen_is_still_chosen_when_the_quote_has_changed(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = paid_return(world, client, "adult", "adult")
    page = client.get(address(held, "/cancel", chosen=1, passenger=[2], journey=[2]))
    database.session.execute(text("UPDATE journeys SET departs_at = now() + interval '5 hours'"))
    database.session.commit()
    anew = client.get(press_cancel(client, held, page).headers["Location"])
    assert (fields(anew)["passenger"], fields(anew)["journey"]) == (["2"], ["2"])
    assert (fields(anew)["refund"], refunds(database)) == (["150.00"], [])


def test_a_form_that_names_nobody_cancels_nothing(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = paid_return(world, client)
    data = {**fields(client.get(address(held, "/cancel"))), "passenger": []}
    assert "/cancel?" in client.post(f"/manage/{held['reference']}/cancel", data=data).headers["Location"]
    assert (status(client, held), refunds(database)) == ("confirmed", [])


def test_that_a_child_stays_alone_has_to_be_ticked(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = paid_return(world, client, "adult", "child")
    page = client.get(address(held, "/cancel", chosen=1, passenger=[1], journey=[1, 2]))
    assert "Only children would be left to travel" in words(page)
    assert 'name="children_alone" value="1" required' in page.text
    refused = press_cancel(client, held, page)
    assert (refused.status_code, refused.mimetype) == (409, "text/html")
    assert "Only children would be left to travel" in words(refused)
    assert refunds(database) == []
    data: dict[str, Any] = {**fields(page), "children_alone": "1"}
    assert client.post(f"/manage/{held['reference']}/cancel", data=data).status_code == 303
    assert refunds(database) == [54000]


def test_nobody_is_asked_about_children_who_go_too(world: World, client: FlaskClient) -> None:
    held = paid_return(world, client, "adult", "child")
    assert "children_alone" not in client.get(address(held, "/cancel")).text
