"""What strangers can have mailed without paying is limited; what is owed is not."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts import api_keys
from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.checkout import sweeping
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.platform.web import pseudonyms
from tests.accounts.signing import signed_in
from tests.calls import bearer, booking_body, pay
from tests.disruptions.coach import lines, value
from tests.messaging.staff import write_mails
from tests.scheduling.appointments.asking import CHARTERS, body_of
from tests.scheduling.charters import add_service
from tests.world import World

LIMITED = "booking.hold_expired"


@pytest.fixture(autouse=True)
def limits(app: FalconBus) -> Iterator[None]:
    before = app.config["SETTINGS"]
    rates = {"ratelimit_mails_recipient": "2/day;1000/year", "ratelimit_mails_client": "3/day"}
    app.config["SETTINGS"] = replace(before, ratelimit_enabled=True, **rates)
    yield
    app.config["SETTINGS"] = before


def hold(
    client: FlaskClient, schedule_id: int, email: str, *, host: str = "192.0.2.1", **headers: str
) -> dict[str, Any]:
    answer = client.post(
        "/api/v1/bookings",
        json=booking_body(schedule_id, contact={"email": email}),
        headers=headers,
        environ_base={"REMOTE_ADDR": host},
    )
    assert answer.status_code == 201, answer.json
    held: dict[str, Any] = answer.json or {}
    return held


def run_out() -> None:
    with time_machine.travel(clock.now() + timedelta(hours=1), tick=False):
        transactions.run(sweeping.expire_holds)


def told(database: SQLAlchemy) -> Counter[tuple[str, str]]:
    """How many mails there are, by recipient and status."""
    return Counter(lines(database, "SELECT recipient, status FROM mails"))


def test_one_recipient_gets_so_many_whoever_asks(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    schedule = world.add_schedule()
    for number in range(4):
        hold(client, schedule.id, "victim@example.com", host=f"192.0.2.{number}")
    hold(client, schedule.id, "other@example.com")
    run_out()
    assert told(database) == {
        ("victim@example.com", "queued"): 2,
        ("victim@example.com", "dropped"): 2,
        ("other@example.com", "queued"): 1,
    }
    assert value(database, "SELECT count(*) FROM outbox WHERE job = 'messaging.send_mail'") == 3
    reason = value(database, "SELECT DISTINCT error FROM mails WHERE status = 'dropped'")
    assert reason.startswith("too many mails to this recipient that nobody has paid for")


def test_one_client_has_so_many_sent_to_whomever(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    schedule = world.add_schedule()
    held = [hold(client, schedule.id, f"victim{number}@example.com") for number in range(4)]
    hold(client, schedule.id, "other@example.com", host="192.0.2.2")
    run_out()
    statuses = Counter(status for _, status in told(database).elements())
    assert statuses == {"queued": 4, "dropped": 1}
    shown = [
        client.get(f"/api/v1/bookings/{each['reference']}", headers=bearer(each["manage_token"])).json["mails"][0]
        for each in held
    ]
    assert "by one client" in str(next(mail["reason"] for mail in shown if mail["status"] == "dropped"))


def test_the_staff_and_what_is_paid_for_have_no_limit(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    schedule, agent = world.add_schedule(), signed_in(Role.AGENT)
    for _ in range(4):
        hold(client, schedule.id, "thandi@example.com", **agent)
    for _ in range(4):
        assert pay(client, hold(client, schedule.id, "paid@example.com")).status_code == 201
    run_out()
    assert told(database) == {("thandi@example.com", "queued"): 4, ("paid@example.com", "queued"): 4}
    assert value(database, "SELECT count(client) FROM mails") == 0


def test_tomorrow_there_are_new_ones(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    schedule = world.add_schedule()
    for _ in range(3):
        hold(client, schedule.id, "victim@example.com")
    run_out()
    hold(client, schedule.id, "victim@example.com")
    with time_machine.travel(clock.now() + timedelta(days=1, hours=2), tick=False):
        transactions.run(sweeping.expire_holds)
    assert told(database) == {("victim@example.com", "queued"): 3, ("victim@example.com", "dropped"): 1}


def test_charters_that_strangers_ask_for_count_too(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    body = body_of(add_service(), client={"name": "Lerato", "email": "victim@example.com"})
    for headers in (*[{}] * 3, signed_in(Role.OPERATOR)):
        assert client.post(CHARTERS, json=body, headers=headers).status_code == 201
    write_mails(database)
    assert told(database)["victim@example.com", "queued"] == 3
    assert told(database)["victim@example.com", "dropped"] == 1


def test_a_site_with_a_key_is_no_single_client_and_its_travellers_are_counted_one_by_one(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    key = {"X-API-Key": transactions.run(lambda: api_keys.create_key("partner", "1000/day"))}
    schedule = world.add_schedule()
    for number in range(7):
        recipient = f"traveller{max(0, number - 3)}@example.com"
        body = booking_body(schedule.id, contact={"email": recipient})
        assert client.post("/api/v1/bookings", json=body, headers=key).status_code == 201
    run_out()
    assert told(database) == {
        ("traveller0@example.com", "queued"): 2,
        ("traveller0@example.com", "dropped"): 2,
        **{(f"traveller{number}@example.com", "queued"): 1 for number in (1, 2, 3)},
    }


def test_dropped_mails_do_not_count_so_that_nobody_is_shut_out_for_longer(
    world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    database.session.execute(
        text(
            "INSERT INTO mails (kind, subject_id, sequence, recipient, status, client, created_at)"
            " SELECT 'booking.hold_expired', 900 + n, 1, 'victim@example.com', 'dropped', 'somebody', now()"
            " FROM generate_series(1, 50) n"
        )
    )
    database.session.commit()
    hold(client, world.add_schedule().id, "victim@example.com")
    run_out()
    assert told(database)["victim@example.com", "queued"] == 1


def test_a_network_of_ipv6_is_one_client_and_nobodys_address_is_kept(app: FalconBus) -> None:
    names = []
    for host in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "192.0.2.1", "fe80::1%eth0"):
        with app.test_request_context(environ_base={"REMOTE_ADDR": host}):
            names.append(pseudonyms.present_pseudonym())
    assert names[0] == names[1]
    assert len(set(names)) == 4
    assert all(name is not None and len(name) == 16 and "192" not in name for name in names)
    assert pseudonyms.present_pseudonym() is None
