"""Cancelling a departure against paying, cancelling, holding and expiry: no money is kept, no ticket is left."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.bookings import withdrawing as bookings
from falconbus.bookings.models import Booking
from falconbus.checkout import sweeping
from falconbus.inventory import claiming
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.timetable import departures
from falconbus.timetable.models import Schedule
from tests.accounts.signing import signed_in
from tests.calls import bearer, booking_body, hold, pay
from tests.checkout.test_paying import run_out
from tests.disruptions.coach import lines, sold, value, withdraw
from tests.world import World

ROUNDS = 12

# What must never be: a live ticket on a cancelled departure, a claim there, or money taken that is not owed back.
LIVE = """
    SELECT count(*) FROM tickets t JOIN bookings b ON b.id = t.booking_id JOIN schedules s ON s.id = t.schedule_id
    WHERE s.cancelled_at IS NOT NULL AND b.status IN ('held', 'confirmed') AND t.status <> 'cancelled'
"""
CLAIMS = "SELECT count(*) FROM seat_claims c JOIN schedules s ON s.id = c.schedule_id WHERE s.cancelled_at IS NOT NULL"
KEPT = """
    SELECT coalesce(sum(p.amount), 0) - (SELECT coalesce(sum(amount), 0) FROM refunds)
        - (SELECT coalesce(sum(fee_amount), 0) FROM bookings)
    FROM payments p WHERE p.status = 'paid'
"""


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    return signed_in(Role.OPERATOR)


def together(works: list[Callable[[], Any]]) -> list[Any]:
    """What each returns, all begun at the same moment."""
    results: list[Any] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(number: int, work: Callable[[], Any]) -> None:
        barrier.wait()
        results[number] = work()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def nothing_is_left(database: SQLAlchemy) -> None:
    assert value(database, LIVE) == 0
    assert value(database, CLAIMS) == 0
    assert value(database, KEPT) == 0
    twice = "SELECT payment_id FROM refunds GROUP BY payment_id HAVING count(*) > 1"
    assert lines(database, twice) == []
    told = "SELECT subject_id FROM mails WHERE kind = 'departure.cancelled' GROUP BY 1 HAVING count(*) > 1"
    assert lines(database, told) == []


def a_departure(world: World, number: int) -> Schedule:
    return world.add_schedule(days=7 + number)


def withdrawing(app: FalconBus, operator: dict[str, str], schedule_id: int) -> Callable[[], Any]:
    return lambda: withdraw(app.test_client(), operator, schedule_id)


def paying(app: FalconBus, held: dict[str, Any]) -> Callable[[], Any]:
    return lambda: pay(app.test_client(), held)


def cancelling(app: FalconBus, held: dict[str, Any]) -> Callable[[], Any]:
    address, headers = f"/api/v1/bookings/{held['reference']}/cancel", bearer(held["manage_token"])
    return lambda: app.test_client().post(address, json={}, headers=headers)


def test_against_paying(world: World, app: FalconBus, database: SQLAlchemy, operator: dict[str, str]) -> None:
    for number in range(ROUNDS):
        schedule_id = a_departure(world, number).id
        held = hold(app.test_client(), schedule_id)
        done, paid = together([withdrawing(app, operator, schedule_id), paying(app, held)])
        assert done.status_code == 200
        assert paid.json.get("code") in {None, "paid_after_withdrawal", "not_on_sale", "booking_over"}
        nothing_is_left(database)


def test_against_cancelling(world: World, app: FalconBus, database: SQLAlchemy, operator: dict[str, str]) -> None:
    for number in range(ROUNDS):
        schedule_id = a_departure(world, number).id
        held = sold(app.test_client(), schedule_id)
        done, cancelled = together([withdrawing(app, operator, schedule_id), cancelling(app, held)])
        assert done.status_code == 200
        assert cancelled.status_code in {200, 409}
        nothing_is_left(database)


def test_against_expiry_of_what_is_being_paid(
    world: World, app: FalconBus, database: SQLAlchemy, operator: dict[str, str]
) -> None:
    def expire() -> int:
        with app.app_context():
            return transactions.run(sweeping.expire_holds)

    for number in range(ROUNDS):
        schedule_id = a_departure(world, number).id
        held = hold(app.test_client(), schedule_id)
        run_out(database, held["reference"])
        done, _ = together([withdrawing(app, operator, schedule_id), expire])
        assert done.status_code == 200
        assert value(database, "SELECT count(*) FROM bookings WHERE status NOT IN ('cancelled', 'expired')") == 0
        nothing_is_left(database)


def test_two_operators_cancel_once(
    world: World, app: FalconBus, database: SQLAlchemy, operator: dict[str, str]
) -> None:
    for number in range(ROUNDS):
        schedule_id = a_departure(world, number).id
        sold(app.test_client(), schedule_id)
        answers = together([withdrawing(app, operator, schedule_id)] * 3)
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        nothing_is_left(database)


def test_two_departures_of_the_same_bookings_never_wait_in_a_circle(
    world: World, app: FalconBus, database: SQLAlchemy, operator: dict[str, str]
) -> None:
    back = world.add_timetable(world.add_route("D", "A"))
    out, home = world.add_schedule(), world.add_schedule(back, days=9)
    for number in range(8):
        body = booking_body(out.id)
        body["journeys"].append({"schedule_id": home.id, "origin": "D", "destination": "A"})
        body["journeys"] = body["journeys"][:: 1 if number % 2 else -1]
        held: dict[str, Any] = app.test_client().post("/api/v1/bookings", json=body).json or {}
        assert pay(app.test_client(), held).status_code == 201
    answers = together([withdrawing(app, operator, each.id) for each in (out, home)])
    assert [answer.status_code for answer in answers] == [200, 200]
    assert value(database, LIVE) == value(database, CLAIMS) == value(database, KEPT) == 0
    assert value(database, "SELECT count(*) FROM bookings WHERE status = 'confirmed'") == 0


def hold_during_withdrawal(world: World, app: FalconBus, database: SQLAlchemy, operator: dict[str, str]) -> list[str]:
    """Holds beside withdrawals, round by round: what each hold was answered."""
    answers = []
    for number in range(ROUNDS):
        schedule_id = a_departure(world, number).id
        works = [lambda s=schedule_id: app.test_client().post("/api/v1/bookings", json=booking_body(s))] * 3
        done, *held = together([withdrawing(app, operator, schedule_id), *works])
        assert done.status_code == 200
        answers += [answer.json.get("code") or answer.json["status"] for answer in held]
    return answers


def test_against_holds(world: World, app: FalconBus, database: SQLAlchemy, operator: dict[str, str]) -> None:
    assert set(hold_during_withdrawal(world, app, database, operator)) <= {"held", "not_on_sale"}
    nothing_is_left(database)


def hold_that_has_read_its_seats(
    world: World, app: FalconBus, database: SQLAlchemy, operator: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Any:
    """A hold whose departure is cancelled between its look at the seats and its claims: its answer."""
    schedule = a_departure(world, 0)
    real = claiming.claim_seats
    begun: list[bool] = []

    def claim_after_withdrawal(*args: Any) -> bool:
        if not begun:
            begun.append(True)
            thread = threading.Thread(target=withdrawing(app, operator, schedule.id))
            thread.start()
            thread.join()
        return real(*args)

    monkeypatch.setattr(claiming, "claim_seats", claim_after_withdrawal)
    return app.test_client().post("/api/v1/bookings", json=booking_body(schedule.id))


def test_a_hold_that_has_read_its_seats_is_refused(
    world: World,
    app: FalconBus,
    database: SQLAlchemy,
    operator: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = hold_that_has_read_its_seats(world, app, database, operator, monkeypatch)
    assert (answer.status_code, answer.json["code"]) == (409, "not_on_sale")
    nothing_is_left(database)


@pytest.fixture
def claims_of_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: claims that do not look whether their departure is cancelled."""
    unguarded = text(str(claiming._CLAIM).replace("AND active", ""))  # noqa: SLF001
    guarded = claiming._CLAIM  # noqa: SLF001
    assert str(unguarded) != str(guarded)
    monkeypatch.setattr(claiming, "_CLAIM", unguarded.bindparams(*guarded._bindparams.values()))  # noqa: SLF001


@pytest.mark.usefixtures("claims_of_anything")
def test_control_without_the_guard_a_seat_of_a_cancelled_coach_is_held(
    world: World,
    app: FalconBus,
    database: SQLAlchemy,
    operator: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = hold_that_has_read_its_seats(world, app, database, operator, monkeypatch)
    assert answer.status_code == 201
    assert value(database, CLAIMS) > 0


def test_who_books_between_the_two_locks_is_seen(
    world: World,
    app: FalconBus,
    database: SQLAlchemy,
    operator: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule = a_departure(world, 0)
    sold(app.test_client(), schedule.id)
    newcomers: list[dict[str, Any]] = []
    real = departures.cancel_schedule

    def cancel_after_a_sale(schedule_id: int, reason: str) -> Any:
        thread = threading.Thread(target=lambda: newcomers.append(sold(app.test_client(), schedule_id)))
        thread.start()
        thread.join()
        return real(schedule_id, reason)

    monkeypatch.setattr(departures, "cancel_schedule", cancel_after_a_sale)
    assert withdraw(app.test_client(), operator, schedule).status_code == 200
    assert len(newcomers) == 1
    nothing_is_left(database)


def cancel_in_the_middle(
    world: World, app: FalconBus, operator: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, int]:
    """A traveller cancels when the operator's transaction has seen the booking: what both were answered."""
    schedule = a_departure(world, 0)
    held = sold(app.test_client(), schedule.id)
    address, headers = f"/api/v1/bookings/{held['reference']}/cancel", bearer(held["manage_token"])
    answers: list[int] = []
    real = bookings.withdraw

    def cancel() -> None:
        answers.append(app.test_client().post(address, json={}, headers=headers).status_code)

    traveller = threading.Thread(target=cancel)

    def withdraw_after_a_cancellation(*args: Any, **kwargs: Any) -> None:
        traveller.start()
        traveller.join(timeout=0.5)
        real(*args, **kwargs)

    monkeypatch.setattr(bookings, "withdraw", withdraw_after_a_cancellation)
    done = withdraw(app.test_client(), operator, schedule)
    traveller.join()
    return done.status_code, answers[0]


def test_a_traveller_who_cancels_in_the_middle_waits(
    world: World,
    app: FalconBus,
    database: SQLAlchemy,
    operator: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert cancel_in_the_middle(world, app, operator, monkeypatch) == (200, 409)
    nothing_is_left(database)


def test_control_without_the_locks_more_comes_back_than_was_paid(
    world: World,
    app: FalconBus,
    database: SQLAlchemy,
    operator: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def look_only(schedule_id: int, **_: Any) -> dict[int, Booking]:
        return {each.id: db.session.get_one(Booking, each.id) for each in bookings.find_on_departure(schedule_id)}

    monkeypatch.setattr(bookings, "lock_on_departure", look_only)
    cancel_in_the_middle(world, app, operator, monkeypatch)
    assert value(database, KEPT) < 0
