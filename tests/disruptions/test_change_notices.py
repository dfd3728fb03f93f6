"""Another bus or another time is told to those who hold tickets: once a change, whoever made it."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.disruptions import change_notices
from falconbus.platform.database import transactions
from falconbus.platform.integrations.mail.memory import MemoryMailer
from falconbus.timetable.models import Schedule
from tests.accounts.signing import signed_in
from tests.calls import bearer, hold, pay
from tests.disruptions.coach import lines, mails_to, run_jobs, shown, sold, value, withdraw
from tests.mailers import mailer
from tests.world import World

__all__ = ["mailer"]

CHANGED = "departure.changed"


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    return signed_in(Role.OPERATOR)


@pytest.fixture
def schedule(world: World, client: FlaskClient) -> Schedule:
    """A departure, and somebody else's beside it."""
    sold(client, world.add_schedule(days=8).id)
    world.add_bus("FB-2", world.layout)
    return world.add_schedule(days=10)


def tell() -> int:
    return transactions.run(change_notices.tell_travellers)


def retime(database: SQLAlchemy, schedule: Schedule, minutes: int) -> None:
    """Whatever gives a departure other times: the trigger sees every update."""
    moved = "departure_time + make_interval(mins => :m), arrival_time = arrival_time + make_interval(mins => :m)"
    database.session.execute(
        text(f"UPDATE schedules SET departure_time = {moved} WHERE id = :id"), {"m": minutes, "id": schedule.id}
    )
    database.session.commit()


def change_bus(
    client: FlaskClient, operator: dict[str, str], schedule: Schedule, database: SQLAlchemy, number: str
) -> None:
    bus_id = value(database, "SELECT id FROM buses WHERE number = :n", n=number)
    answer = client.patch(f"/api/v1/schedules/{schedule.id}", json={"bus_id": bus_id}, headers=operator)
    assert answer.status_code == 200, answer.json


def words(mailer: MemoryMailer, kind: str = "plain") -> list[str]:
    return [message.get_body((kind,)).get_content() for message in mailer.sent]


def mailed(database: SQLAlchemy, mailer: MemoryMailer) -> list[Any]:
    mailer.sent.clear()
    run_jobs(database, "messaging.send_mail")
    return mailer.sent


def test_another_bus_is_told_once_to_those_with_tickets(
    client: FlaskClient, database: SQLAlchemy, schedule: Schedule, operator: dict[str, str], mailer: MemoryMailer
) -> None:
    held, waiting = sold(client, schedule.id), hold(client, schedule.id)
    gone = sold(client, schedule.id)
    client.post(f"/api/v1/bookings/{gone['reference']}/cancel", json={}, headers=bearer(gone["manage_token"]))
    mailed(database, mailer)
    assert tell() == 0
    change_bus(client, operator, schedule, database, "FB-2")
    assert tell() == 1
    assert tell() == 0
    assert mails_to(database, held) == ["booking.confirmation", CHANGED]
    assert mails_to(database, waiting) == []
    assert mails_to(database, gone)[-1] == "booking.cancellation"
    (message,) = mailed(database, mailer)
    assert message["Subject"].startswith("You travel in another coach: City A to City D, ")
    for kind in ("plain", "html"):
        assert all(number in words(mailer, kind)[0] for number in ("FB-1", "FB-2"))
        assert "free of charge" not in words(mailer, kind)[0]
    change_bus(client, operator, schedule, database, "FB-1")
    assert tell() == 1
    assert mails_to(database, held) == ["booking.confirmation", CHANGED, CHANGED]


def test_a_bus_that_comes_back_before_anybody_was_told_is_no_news(
    client: FlaskClient, database: SQLAlchemy, schedule: Schedule, operator: dict[str, str]
) -> None:
    held = sold(client, schedule.id)
    for number in ("FB-2", "FB-1"):
        change_bus(client, operator, schedule, database, number)
    assert tell() == 0
    assert mails_to(database, held) == ["booking.confirmation"]
    assert value(database, "SELECT count(*) FROM schedules WHERE told_bus_number IS NOT NULL") == 0


def test_who_buys_after_the_change_knows_the_coach(
    client: FlaskClient, database: SQLAlchemy, schedule: Schedule, operator: dict[str, str]
) -> None:
    before = sold(client, schedule.id)
    change_bus(client, operator, schedule, database, "FB-2")
    after = sold(client, schedule.id)
    assert tell() == 1
    assert mails_to(database, before) == ["booking.confirmation", CHANGED]
    assert mails_to(database, after) == ["booking.confirmation"]


def test_a_timetables_new_bus_is_told_too(
    world: World, client: FlaskClient, database: SQLAlchemy, schedule: Schedule, operator: dict[str, str]
) -> None:
    held = sold(client, schedule.id)
    bus_id = value(database, "SELECT id FROM buses WHERE number = 'FB-2'")
    address = f"/api/v1/timetables/{world.timetable.id}"
    assert client.patch(address, json={"bus_id": bus_id}, headers=operator).status_code == 200
    tell()
    assert mails_to(database, held) == ["booking.confirmation", CHANGED]


def test_other_times_are_told_from_old_to_new_in_each_stops_zone(
    world: World, client: FlaskClient, database: SQLAlchemy, schedule: Schedule, mailer: MemoryMailer
) -> None:
    held = sold(client, schedule.id, "B", "D")
    mailed(database, mailer)
    before = shown(client, held)["journeys"][0]
    retime(database, schedule, 20)
    assert tell() == 1
    after = shown(client, held)["journeys"][0]
    assert (before["departure_time"][11:16], after["departure_time"][11:16]) == ("09:05", "09:25")
    assert (before["arrival_time"][11:16], after["arrival_time"][11:16]) == ("11:00", "11:20")
    (message,) = mailed(database, mailer)
    assert message["Subject"].startswith("Your coach leaves at another time: City B to City D, ")
    for kind in ("plain", "html"):
        said = words(mailer, kind)[0]
        assert all(time in said for time in ("09:05", "09:25", "11:00", "11:20"))
        assert "free of charge" not in said
    assert words(mailer)[0].index("09:05") < words(mailer)[0].index("09:25")
    calendar = next(part for part in message.iter_attachments() if part.get_content_type() == "text/calendar")
    assert "SEQUENCE:1" in calendar.get_content()
    retime(database, schedule, 5)
    assert tell() == 1
    (message,) = mailed(database, mailer)
    assert all(time in words(mailer)[0] for time in ("09:25", "09:30"))
    assert "09:05" not in words(mailer)[0]
    ids = lines(database, "SELECT id FROM departure_notices")
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("minutes", "refund", "fee"),
    [([-29], "0.00", "300.00"), ([-30], "300.00", "0.00"), ([59], "0.00", "300.00"), ([60], "300.00", "0.00"),
     ([40, 40], "300.00", "0.00"), ([90, -90], "0.00", "300.00")],
)  # fmt: skip
def test_who_is_moved_far_from_what_was_sold_cancels_free_of_charge(
    minutes: list[int],
    refund: str,
    fee: str,
    world: World,
    client: FlaskClient,
    database: SQLAlchemy,
    schedule: Schedule,
    mailer: MemoryMailer,
) -> None:
    world.standard.refundable = False
    world.commit()
    held = sold(client, schedule.id)
    for each in minutes:
        retime(database, schedule, each)
        assert tell() == 1
    mailed(database, mailer)
    assert ("free of charge" in words(mailer)[-1]) is (fee == "0.00")
    address = f"/api/v1/bookings/{held['reference']}/cancel"
    headers = bearer(held["manage_token"])
    assert client.post(f"{address}?quote=1", json={}, headers=headers).json == {
        "refund": refund, "fee": fee, "currency": "ZAR",
    }  # fmt: skip
    assert client.post(address, json={}, headers=headers).json["refund"] == refund


def test_a_hold_gets_the_new_times_and_is_sold_with_them(
    client: FlaskClient, database: SQLAlchemy, schedule: Schedule
) -> None:
    held = hold(client, schedule.id)
    retime(database, schedule, 20)
    assert tell() == 0
    assert shown(client, held)["journeys"][0]["departure_time"][11:16] == "08:20"
    assert pay(client, held).status_code == 201
    assert tell() == 0
    assert mails_to(database, held) == ["booking.confirmation"]


def test_of_a_cancelled_departure_only_that_is_told(
    client: FlaskClient, database: SQLAlchemy, schedule: Schedule, operator: dict[str, str]
) -> None:
    held = sold(client, schedule.id)
    change_bus(client, operator, schedule, database, "FB-2")
    assert withdraw(client, operator, schedule).status_code == 200
    assert tell() == 0
    assert mails_to(database, held) == ["booking.confirmation", "departure.cancelled"]


def test_what_has_been_ridden_is_not_told(client: FlaskClient, database: SQLAlchemy, schedule: Schedule) -> None:
    sold(client, schedule.id)
    past = timedelta(days=30)
    database.session.execute(
        text("UPDATE journeys SET departs_at = departs_at - :p, arrives_at = arrives_at - :p"), {"p": past}
    )
    retime(database, schedule, -30 * 24 * 60 + 5)
    assert tell() == 0
    assert value(database, "SELECT count(*) FROM schedules WHERE told_bus_number IS NOT NULL") == 0


def test_a_crash_before_the_commit_is_made_up_for(
    client: FlaskClient, database: SQLAlchemy, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = sold(client, schedule.id)
    retime(database, schedule, 20)

    def crash(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("falconbus.disruptions.change_notices.queries.note_told", crash)
        with pytest.raises(SystemExit):
            tell()
    assert mails_to(database, held) == ["booking.confirmation"]
    assert tell() == 1
    assert mails_to(database, held) == ["booking.confirmation", CHANGED]


def test_a_mail_about_tickets_that_were_cancelled_meanwhile_does_not_go(
    client: FlaskClient, database: SQLAlchemy, schedule: Schedule, mailer: MemoryMailer
) -> None:
    held = sold(client, schedule.id)
    mailed(database, mailer)
    retime(database, schedule, 20)
    tell()
    client.post(f"/api/v1/bookings/{held['reference']}/cancel", json={}, headers=bearer(held["manage_token"]))
    assert [str(message["Subject"]).partition(":")[0] for message in mailed(database, mailer)] == ["Cancelled"]


def test_of_changes_while_no_mail_goes_the_newest_is_told_against_what_was_told_before(
    client: FlaskClient, database: SQLAlchemy, schedule: Schedule, mailer: MemoryMailer
) -> None:
    sold(client, schedule.id, "B", "D")
    mailed(database, mailer)
    for minutes in (30, 45):
        retime(database, schedule, minutes)
        assert tell() == 1
    (_,) = mailed(database, mailer)
    said = words(mailer)[0]
    assert all(time in said for time in ("09:05", "10:20", "11:00", "12:15"))
    assert "09:35" not in said
    told = "SELECT status, error FROM mails WHERE kind = 'departure.changed' ORDER BY id"
    assert lines(database, told) == [("dropped", "what it tells of no longer holds"), ("sent", None)]
    retime(database, schedule, -75)
    assert tell() == 1
    (_,) = mailed(database, mailer)
    assert words(mailer)[0].index("10:20") < words(mailer)[0].index("09:05")


def test_a_change_that_is_taken_back_before_anybody_knew_is_no_news(
    client: FlaskClient, database: SQLAlchemy, schedule: Schedule, mailer: MemoryMailer
) -> None:
    sold(client, schedule.id)
    mailed(database, mailer)
    for minutes in (30, -30):
        retime(database, schedule, minutes)
        assert tell() == 1
    assert mailed(database, mailer) == []
