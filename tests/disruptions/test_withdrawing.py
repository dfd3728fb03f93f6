"""An operator cancels a departure: everybody is told once and gets everything back, or nothing has happened."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.platform.integrations.mail.memory import MemoryMailer
from falconbus.timetable.models import Schedule
from tests.accounts.signing import signed_in
from tests.calls import bearer, booking_body, hold, pay
from tests.checkout.test_paying import signed_webhook
from tests.counting import statements
from tests.disruptions.coach import (
    REASON,
    big_coach,
    expired,
    family,
    lines,
    mails_to,
    run_jobs,
    shown,
    sold,
    sold_return,
    value,
    withdraw,
)
from tests.mailers import mailer
from tests.world import World

__all__ = ["mailer"]

STATE = (
    "SELECT reference, status, total, refund_amount, fee_amount FROM bookings ORDER BY id",
    "SELECT booking_id, journey_number, passenger_number, status FROM tickets ORDER BY 1, 2, 3",
    "SELECT schedule_id, leg, seat_number, booking_id FROM seat_claims ORDER BY 1, 2, 3",
    "SELECT id, active, cancelled_at FROM schedules ORDER BY id",
    "SELECT id, amount, status FROM refunds ORDER BY id",
    "SELECT id, kind FROM mails ORDER BY id",
    "SELECT id, status, schedule_id FROM assignments ORDER BY id",
    "SELECT count(*) FROM notifications",
    "SELECT count(*) FROM audit_log WHERE action = 'cancel'",
)


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    return signed_in(Role.OPERATOR)


def state(database: SQLAlchemy) -> list[list[tuple[Any, ...]]]:
    return [lines(database, query) for query in STATE]


def refunds(database: SQLAlchemy, held: dict[str, Any]) -> list[tuple[int, str, str]]:
    return lines(
        database,
        "SELECT r.amount, r.reason, r.status FROM refunds r JOIN payments p ON p.id = r.payment_id"
        " JOIN bookings b ON b.id = p.booking_id WHERE b.reference = :r ORDER BY r.id",
        r=held["reference"],
    )


def test_one_coach_with_bookings_of_all_kinds(  # noqa: PLR0915  a story
    world: World, client: FlaskClient, database: SQLAlchemy, operator: dict[str, str], mailer: MemoryMailer
) -> None:
    agent = signed_in(Role.AGENT)
    schedule = big_coach(world)
    back = world.add_schedule(world.add_timetable(world.add_route("D", "A")), days=9)
    beside = sold(client, world.add_schedule(days=8).id)
    plain = [sold(client, schedule.id, stops[0], stops[1]) for stops in ("AD", "AB", "BD", "CD") * 5]
    parents = sold(client, schedule.id, passengers=2) | {"who": 2}
    with_child = client.post("/api/v1/bookings", json=booking_body(schedule.id) | {"passengers": family(1, 1)}).json
    assert with_child is not None
    assert pay(client, with_child).status_code == 201
    round_trip = sold_return(client, schedule.id, back.id)
    cash = hold(client, schedule.id)
    body = {"provider": "counter", "token": "cash"}
    paid = client.post(f"/api/v1/bookings/{cash['reference']}/payments", json=body, headers=agent)
    assert paid.status_code == 201
    world.route.base_price = 0
    world.commit()
    free = sold(client, schedule.id)
    world.route.base_price = 30000
    world.commit()
    partly = sold(client, schedule.id, passengers=2)
    address = f"/api/v1/bookings/{partly['reference']}/cancel"
    assert client.post(address, json={"passengers": [2]}, headers=bearer(partly["manage_token"])).status_code == 200
    gone = sold(client, schedule.id)
    client.post(f"/api/v1/bookings/{gone['reference']}/cancel", json={}, headers=bearer(gone["manage_token"]))
    idle = hold(client, schedule.id)
    paying = hold(client, schedule.id)
    pending = pay(client, paying, "slow").json["payment_id"]
    late = expired(client, database, schedule.id)
    before = state(database)

    seen = withdraw(client, operator, schedule, preview=True)
    assert (seen.status_code, seen.json["cancelled"]) == (200, False)
    assert state(database) == before
    done = withdraw(client, operator, schedule)
    assert done.status_code == 200
    assert done.json == seen.json | {"cancelled": True}

    full = {"AD": 30000, "AB": 10000, "BD": 20000, "CD": 10000}
    amounts = [full[stops] for stops in ("AD", "AB", "BD", "CD") * 5]
    total = sum(amounts) + 60000 + 45000 + 30000 + 30000 + 30000
    assert done.json["refunds"] == [{"amount": f"{total / 100:.2f}", "currency": "ZAR"}]
    assert (done.json["passengers"], done.json["at_counter"]) == (20 + 2 + 2 + 1 + 1 + 1 + 1, 1)
    assert len(done.json["bookings"]) == 20 + 6 + 2

    for held, amount in zip(plain, amounts, strict=True):
        assert refunds(database, held) == [(amount, "departure_cancelled", "pending")]
        assert mails_to(database, held) == ["booking.confirmation", "departure.cancelled"]
    assert refunds(database, parents) == [(60000, "departure_cancelled", "pending")]
    assert refunds(database, with_child) == [(45000, "departure_cancelled", "pending")]
    assert refunds(database, round_trip) == [(30000, "departure_cancelled", "pending")]
    assert refunds(database, cash) == [(30000, "departure_cancelled", "due")]
    assert refunds(database, free) == []
    assert refunds(database, partly) == [(27000, "cancelled", "pending"), (30000, "departure_cancelled", "pending")]
    assert refunds(database, gone) == [(27000, "cancelled", "pending")]
    assert mails_to(database, free) == ["booking.confirmation", "departure.cancelled"]
    assert mails_to(database, gone) == ["booking.confirmation", "booking.cancellation"]
    assert mails_to(database, idle) == []
    assert mails_to(database, paying) == ["departure.cancelled"]
    assert mails_to(database, beside) == ["booking.confirmation"]

    left = shown(client, round_trip)
    assert (left["status"], left["refund"], left["fee"]) == ("confirmed", "300.00", "0.00")
    assert [journey["cancellation_reason"] for journey in left["journeys"]] == [REASON, None]
    assert [journey["tickets"][0]["status"] for journey in left["journeys"]] == ["cancelled", "issued"]
    assert shown(client, partly) | {"journeys": []} == shown(client, partly) | {
        "status": "cancelled", "refund": "570.00", "fee": "30.00", "journeys": [],
    }  # fmt: skip
    assert [shown(client, held)["status"] for held in (plain[0], free, idle, paying, late, beside)] == [
        "cancelled", "cancelled", "cancelled", "cancelled", "expired", "confirmed",
    ]  # fmt: skip
    assert value(database, "SELECT count(*) FROM seat_claims WHERE schedule_id = :id", id=schedule.id) == 0
    assert pay(client, idle).status_code == 409

    for key in (pending, late["payment_id"]):
        headers, content = signed_webhook(key, "paid")
        for _ in range(2):
            told = client.post("/api/v1/payments/webhooks/sandbox", headers=headers, data=content)
            assert told.status_code == 204
    for held in (paying, late):
        assert refunds(database, held) == [(30000, "withdrawn", "pending")]
        assert mails_to(database, held)[-1] == "booking.payment_returned"

    run_jobs(database, "checkout.refund")
    charged, refunded = lines(database, "SELECT sum(amount), sum(refunded) FROM sandbox_charges")[0]
    # Kept: the two fees of travellers who cancelled by themselves, the way home, and who rides on the other day.
    home = value(database, "SELECT fare FROM tickets WHERE schedule_id = :id", id=back.id)
    assert charged - refunded == 3000 + 3000 + home + 30000
    assert shown(client, plain[0])["status"] == "refunded"
    assert shown(client, cash)["status"] == "cancelled"

    run_jobs(database, "messaging.send_mail")
    # A confirmation that had not gone when its booking was cancelled tells nobody anything any more.
    unsent = "SELECT count(*) FROM mails WHERE status <> 'sent' AND kind <> 'booking.confirmation'"
    assert value(database, unsent) == 0
    assert len(mailer.sent) == len({message["Message-ID"] for message in mailer.sent})
    again = withdraw(client, operator, schedule)
    assert (again.status_code, again.json["code"]) == (409, "already_cancelled")
    seen = withdraw(client, operator, schedule, preview=True)
    assert (seen.status_code, seen.json["code"]) == (409, "already_cancelled")
    assert value(database, unsent) == 0


def test_the_statements_do_not_grow_with_the_bookings(
    world: World, client: FlaskClient, database: SQLAlchemy, operator: dict[str, str]
) -> None:
    counts = []
    for days, number in ((7, 1), (8, 12)):
        schedule = world.add_schedule(days=days, bus=world.add_bus(f"N-{number}", world.layout))
        for _ in range(number):
            sold(client, schedule.id)
        with statements() as sent:
            assert withdraw(client, operator, schedule).status_code == 200
        counts.append(len(sent))
    assert counts[0] == counts[1], sent


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 401), (Role.AGENT, 403), (Role.DRIVER, 403), (None, 403)], ids=str
)
def test_only_operators_cancel_departures(
    headers: Any, status: int, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    schedule = world.add_schedule()
    if headers != {}:
        headers = signed_in(headers) if headers else signed_in()
    for preview in (True, False):
        assert withdraw(client, headers, schedule, preview=preview).status_code == status
    assert value(database, "SELECT count(*) FROM schedules WHERE NOT active") == 0


def test_what_cannot_be_cancelled_is_refused(
    world: World, client: FlaskClient, database: SQLAlchemy, operator: dict[str, str]
) -> None:
    schedule = world.add_schedule()
    assert withdraw(client, operator, schedule, reason=" ").status_code == 422
    assert withdraw(client, operator, 99999).status_code == 404
    left = world.add_schedule(days=-1)
    for preview in (True, False):
        refused = withdraw(client, operator, left, preview=preview)
        assert (refused.status_code, refused.json["code"]) == (409, "departed")
    assert value(database, "SELECT count(*) FROM schedules WHERE NOT active") == 0


def test_a_hold_of_several_journeys_goes_whole(
    world: World, client: FlaskClient, database: SQLAlchemy, operator: dict[str, str]
) -> None:
    out, home = world.add_schedule(), world.add_schedule(world.add_timetable(world.add_route("D", "A")), days=9)
    body = booking_body(out.id)
    body["journeys"].append({"schedule_id": home.id, "origin": "D", "destination": "A"})
    held: dict[str, Any] = client.post("/api/v1/bookings", json=body).json or {}
    assert withdraw(client, operator, home).status_code == 200
    assert value(database, "SELECT count(*) FROM seat_claims") == 0
    assert (shown(client, held)["status"], shown(client, held)["total"]) == ("cancelled", "0.00")


def test_mails_say_why_what_comes_back_and_what_stays(
    world: World, client: FlaskClient, database: SQLAlchemy, operator: dict[str, str], mailer: MemoryMailer
) -> None:
    out, home = world.add_schedule(), world.add_schedule(world.add_timetable(world.add_route("D", "A")), days=9)
    sold_return(client, out.id, home.id)
    database.session.execute(text("DELETE FROM outbox"))
    database.session.commit()
    withdraw(client, operator, out)
    run_jobs(database, "messaging.send_mail")
    (message,) = mailer.sent
    words = message.get_body(("plain",)).get_content()
    page = message.get_body(("html",)).get_content()
    assert str(message["Subject"]).startswith("Your coach is cancelled: City A to City D, ")
    for said in (words, page):
        assert REASON in said
        assert "R300,00" in said
        assert "within 10 working days" in said
        assert "The rest of your booking stays" in said
    names = [part.get_filename() for part in message.iter_attachments()]
    assert [str(name).partition("-")[0] for name in names] == ["tickets", "journey"]


def test_all_or_nothing(
    world: World,
    client: FlaskClient,
    database: SQLAlchemy,
    operator: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule = world.add_schedule()
    sold(client, schedule.id)
    hold(client, schedule.id)
    before = state(database)

    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("falconbus.disruptions.withdrawing.crews.release_crew", fail)
    assert withdraw(client, operator, schedule).status_code == 500
    assert state(database) == before


def test_the_same_key_replays_the_first_answer(
    world: World, client: FlaskClient, database: SQLAlchemy, operator: dict[str, str]
) -> None:
    schedule: Schedule = world.add_schedule()
    sold(client, schedule.id)
    headers = {**operator, "Idempotency-Key": "a-key-of-16-characters"}
    first, second = withdraw(client, headers, schedule), withdraw(client, headers, schedule)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json == second.json
    assert value(database, "SELECT count(*) FROM refunds") == 1
