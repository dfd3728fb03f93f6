"""Cancelling some of a trip: a journey alone, for an amount that was shown, and not the only adult of a child."""

import io
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from pypdf import PdfReader
from sqlalchemy import text

from falconbus.checkout import refunding
from falconbus.messaging.mail_kinds import CANCELLATION
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from tests.calls import bearer, booking_body, hold, pay
from tests.checkout.trips import cancel, claimed, held_return, paid_return, refunds, tickets
from tests.world import World
from tests.written import written


def test_a_journey_of_a_return_trip_is_cancelled_alone(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    other = paid_return(world, client)
    held = hold(client, other["journeys"][0]["schedule_id"], journeys=_rides(other), passengers=2)
    assert pay(client, held).status_code == 201
    before = claimed(database, held)
    body = {"journeys": [1]}
    assert cancel(client, held, body, quote=True).json == {"refund": "540.00", "fee": "60.00", "currency": "ZAR"}
    assert claimed(database, held) == before
    left = cancel(client, held, body).json
    assert (left["status"], left["total"], left["refund"], left["fee"]) == ("confirmed", "1200.00", "540.00", "60.00")
    assert tickets(left) == [["cancelled", "cancelled"], ["issued", "issued"]]
    assert claimed(database, held) == [row for row in before if row[0] == held["journeys"][1]["schedule_id"]]
    assert len(claimed(database, other)) == 2
    again = cancel(client, held, body)
    assert (again.status_code, again.json["code"]) == (422, "unknown_journey")
    assert again.json["errors"][0]["pointer"] == "/journeys/0"
    over = cancel(client, held).json
    assert (over["status"], over["refund"], over["fee"]) == ("cancelled", "1080.00", "120.00")
    assert (claimed(database, held), refunds(database)) == ([], [54000, 54000])


def _rides(held: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: ride[name] for name in ("schedule_id", "origin", "destination")} for ride in held["journeys"]]


def test_one_passenger_gives_up_one_journey(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = paid_return(world, client, "adult", "student")
    left = cancel(client, held, {"passengers": [2], "journeys": [2]}).json
    assert tickets(left) == [["issued", "issued"], ["issued", "cancelled"]]
    assert (left["refund"], refunds(database)) == ("243.00", [24300])
    refused = cancel(client, held, {"passengers": [1, 2], "journeys": [2]})
    assert (refused.json["code"], refused.json["errors"][0]["pointer"]) == ("unknown_passenger", "/passengers/1")
    rest = cancel(client, held, {"passengers": [2]}).json
    assert tickets(rest) == [["issued", "cancelled"], ["issued", "cancelled"]]


@pytest.mark.parametrize(
    "body", [{"journeys": []}, {"journeys": [0]}, {"journeys": [7]}, {"journeys": ["1"]}, {"journeys": [3]}]
)
def test_a_journey_that_is_none_cancels_nothing(body: Any, world: World, client: FlaskClient) -> None:
    held = paid_return(world, client)
    for quote in (True, False):
        assert cancel(client, held, body, quote=quote).status_code == 422
    assert cancel(client, held, {}, quote=True).json["refund"] == "540.00"


def test_each_journey_gives_back_by_its_own_terms(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = paid_return(world, client)
    _depart(database, 1, timedelta(hours=5))
    database.session.execute(text("UPDATE journeys SET refund_steps = '[]' WHERE number = 2"))
    database.session.commit()
    quotes = [cancel(client, held, {"journeys": chosen}, quote=True).json["refund"] for chosen in ([1], [2], [1, 2])]
    assert quotes == ["150.00", "0.00", "150.00"]


def _depart(database: SQLAlchemy, number: int, ahead: timedelta) -> None:
    at = {"at": clock.now() + ahead, "number": number}
    database.session.execute(text("UPDATE journeys SET departs_at = :at WHERE number = :number"), at)
    database.session.commit()


def test_a_journey_that_has_left_is_left_out_unless_it_is_named(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = paid_return(world, client)
    _depart(database, 1, -timedelta(minutes=1))
    for journeys in ([1], [1, 2]):
        refused = cancel(client, held, {"journeys": journeys})
        assert (refused.status_code, refused.json["code"]) == (409, "too_late_to_cancel")
    assert cancel(client, held).json["refund"] == "270.00"


def test_two_journeys_on_one_coach_give_up_only_their_own_legs(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    schedule = world.add_schedule()
    rides = [
        {"schedule_id": schedule.id, "origin": origin, "destination": destination, "seats": ["7"]}
        for origin, destination in (("A", "B"), ("C", "D"))
    ]
    held = hold(client, schedule.id, journeys=rides)
    assert pay(client, held).status_code == 201
    assert cancel(client, held, {"journeys": [1]}).status_code == 200
    legs = database.session.execute(text("SELECT leg FROM seat_claims")).scalars().all()
    assert legs == [2]
    taken = client.post("/api/v1/bookings", json=booking_body(schedule.id, "B", "D", seats=["7"]))
    assert taken.json["code"] == "seat_taken"
    assert hold(client, schedule.id, "A", "C", seats=["7"])["status"] == "held"


def test_a_hold_of_which_a_journey_was_given_up_costs_and_sells_the_rest(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = held_return(world, client)
    smaller = cancel(client, held, {"journeys": [1]}).json
    assert (smaller["status"], smaller["total"], smaller["refund"]) == ("held", "300.00", "0.00")
    _depart(database, 1, -timedelta(minutes=1))
    assert pay(client, held).status_code == 201
    shown: Any = client.get(f"/api/v1/bookings/{held['reference']}", headers=bearer(held["manage_token"])).json
    assert (shown["status"], tickets(shown)) == ("confirmed", [["cancelled"], ["issued"]])
    assert [row[0] for row in claimed(database, held)] == [held["journeys"][1]["schedule_id"]]


@pytest.mark.parametrize(
    "expected",
    [
        {"refund": "378.00", "fee": "42.00"},
        {"refund": "540.00", "fee": "0.00"},
        {"fee": "60.01"},
        {"refund": "540.001"},
        {"refund": "54000"},
    ],
)
def test_an_amount_that_differs_is_refused_with_the_new_quote(
    expected: dict[str, str], world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = paid_return(world, client)
    refused = cancel(client, held, {"expected": expected})
    assert (refused.status_code, refused.json["code"]) == (409, "quote_changed")
    assert refused.json["quote"] == {"refund": "540.00", "fee": "60.00", "currency": "ZAR"}
    assert refused.content_type == "application/problem+json"
    assert (len(claimed(database, held)), refunds(database)) == (2, [])
    told = database.session.execute(text("SELECT count(*) FROM mails WHERE kind = 'booking.cancellation'"))
    assert told.scalar_one() == 0


@pytest.mark.parametrize(
    "expected", [{"refund": "270.00", "fee": "30.00"}, {"refund": "270"}, {"fee": "30.0"}, {}, None]
)
def test_the_amount_that_was_quoted_is_carried_out(
    expected: dict[str, str] | None, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = paid_return(world, client)
    assert cancel(client, held, {"journeys": [2], "expected": expected}).json["refund"] == "270.00"
    assert refunds(database) == [27000]


@pytest.mark.parametrize("expected", [{"refund": 270}, {"refund": "-1.00"}, {"refund": "x"}, {"amount": "1.00"}, "1"])
def test_what_is_no_amount_is_pointed_at(expected: Any, world: World, client: FlaskClient) -> None:
    refused = cancel(client, paid_return(world, client), {"expected": expected})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"].startswith("/expected")


def test_a_quote_tells_the_amount_whatever_is_expected(world: World, client: FlaskClient) -> None:
    body = {"expected": {"refund": "1.00"}, "journeys": [1]}
    assert cancel(client, paid_return(world, client), body, quote=True).json["refund"] == "270.00"


def test_no_body_means_everything(world: World, client: FlaskClient) -> None:
    held = paid_return(world, client)
    assert cancel(client, held, quote=True).json["refund"] == "540.00"
    assert cancel(client, held).json["status"] == "cancelled"


@pytest.mark.parametrize(
    ("types", "body"),
    [
        (("adult", "child"), {"passengers": [1]}),
        (("adult", "child"), {"passengers": [1], "journeys": [2]}),
        (("senior", "student", "child"), {"passengers": [1, 2]}),
        (("adult", "child", "child"), {"passengers": [1, 3]}),
    ],
)
def test_a_child_stays_alone_only_if_that_is_meant(
    types: tuple[str, ...], body: dict[str, Any], world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = paid_return(world, client, *types)
    before = claimed(database, held)
    refused = cancel(client, held, body)
    assert (refused.status_code, refused.json["code"]) == (409, "children_alone")
    assert (claimed(database, held), refunds(database)) == (before, [])
    quote = cancel(client, held, body, quote=True)
    assert quote.status_code == 200, "what it would come to can be asked"
    done = cancel(client, held, {**body, "children_alone": True})
    assert (done.status_code, done.json["refund"]) == (200, quote.json["refund"])


@pytest.mark.parametrize(
    ("types", "body"),
    [
        (("adult", "child"), {}),
        (("adult", "child"), {"passengers": [2]}),
        (("adult", "child"), {"journeys": [1]}),
        (("adult", "student", "child"), {"passengers": [1]}),
        (("child", "child"), {"passengers": [1]}),
        (("adult", "adult"), {"passengers": [1]}),
    ],
)
def test_nobody_is_asked_when_no_child_is_left_alone(
    types: tuple[str, ...], body: dict[str, Any], world: World, client: FlaskClient
) -> None:
    assert cancel(client, paid_return(world, client, *types), body).status_code == 200


def test_what_gave_nothing_back_at_last_is_refunded_when_the_rest_is_back(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    held = paid_return(world, client)
    cancel(client, held, {"journeys": [1]})
    refund_id = database.session.execute(text("SELECT id FROM refunds")).scalar_one()
    outbox_id = database.session.execute(text("SELECT id FROM outbox WHERE job = 'checkout.refund'")).scalar_one()
    transactions.run(lambda: refunding.pay_refund(refund_id, outbox_id))
    _depart(database, 2, timedelta(hours=1))
    assert cancel(client, held).json["status"] == "refunded"
    assert refunds(database) == [27000]


def test_papers_and_mail_show_what_is_left(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = paid_return(world, client, "adult", "adult")
    cancel(client, held, {"journeys": [1]})
    address, token = f"/api/v1/bookings/{held['reference']}", bearer(held["manage_token"])
    reader = PdfReader(io.BytesIO(client.get(f"{address}/ticket.pdf", headers=token).data))
    assert len(reader.pages) == 2
    assert reader.metadata is not None
    assert "City D to City A" in str(reader.metadata.title)
    assert "City A to City D" not in str(reader.metadata.title)
    calendar = client.get(f"{address}/calendar.ics", headers=token).text
    assert (calendar.count("STATUS:CANCELLED"), calendar.count("STATUS:CONFIRMED")) == (1, 1)
    booking_id = database.session.execute(text("SELECT id FROM bookings")).scalar_one()
    mail = written(CANCELLATION, booking_id)
    assert mail is not None
    assert mail.texts.plain.count("(cancelled)\n") == 2
    assert "PART OF YOUR BOOKING IS CANCELLED" in mail.texts.plain
    assert len(mail.attachments) == 2
