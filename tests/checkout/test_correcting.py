"""A wrong address or name is put right, the mails that did not arrive go again, and old links end."""

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.accounts.permissions import grant
from falconbus.bookings.permissions import CHANGE_BOOKINGS, GRANTS
from falconbus.platform.integrations.mail.mailer import PermanentMailFault
from falconbus.platform.integrations.mail.memory import MemoryMailer
from falconbus.platform.kit import clock
from tests.accounts.signing import signed_in
from tests.calls import bearer, hold
from tests.checkout.trips import cancel, paid_return
from tests.disruptions.coach import run_jobs, sold, value
from tests.mailers import mailer
from tests.world import World

__all__ = ["mailer"]

REFUSED = "SMTP 550 5.1.1: the recipient was refused"


@pytest.fixture
def held(world: World, client: FlaskClient) -> dict[str, Any]:
    """A paid return of two, beside somebody else's."""
    held = paid_return(world, client, "adult", "adult")
    sold(client, held["journeys"][0]["schedule_id"])
    return held


@pytest.fixture
def agent(database: SQLAlchemy) -> dict[str, str]:
    return signed_in(Role.AGENT)


@pytest.fixture
def only_sees() -> Iterator[None]:
    """Agents see bookings, and do not change them."""
    grant({CHANGE_BOOKINGS: frozenset({Role.OPERATOR})})
    yield
    grant(GRANTS)


def show(client: FlaskClient, held: dict[str, Any], token: str | None = None) -> Any:
    return client.get(f"/api/v1/bookings/{held['reference']}", headers=bearer(token or held["manage_token"]))


def patch(client: FlaskClient, held: dict[str, Any], headers: dict[str, str], place: str = "", **body: Any) -> Any:
    return client.patch(f"/api/v1/bookings/{held['reference']}{place}", json=body, headers=headers)


def again(client: FlaskClient, held: dict[str, Any], mail_id: int, headers: dict[str, str]) -> Any:
    return client.post(f"/api/v1/bookings/{held['reference']}/mails/{mail_id}/send-again", headers=headers)


def work(database: SQLAlchemy) -> None:
    run_jobs(database, "messaging.send_mail")


def calendar(message: EmailMessage) -> str:
    (part,) = [part for part in message.iter_attachments() if part.get_content_type() == "text/calendar"]
    return str(part.get_content())


def plain(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_a_refused_address_shows_at_the_booking_and_is_put_right(
    client: FlaskClient, database: SQLAlchemy, held: dict[str, Any], agent: dict[str, str], mailer: MemoryMailer
) -> None:
    mailer.faults = [PermanentMailFault(REFUSED)]
    work(database)
    (mail,) = show(client, held).json["mails"]
    assert (mail["kind"], mail["recipient"]) == ("booking.confirmation", "thandi@example.com")
    assert (mail["status"], mail["reason"], mail["sent_at"]) == ("failed", REFUSED, None)
    page = f"/manage/{held['reference']}?token={held['manage_token']}"
    assert "Our mail to <bdi>thandi@example.com</bdi> was refused" in client.get(page).text
    mailer.sent.clear()
    corrected = patch(client, held, agent, email="Right@example.com", phone=None)
    assert corrected.json["contact"] == {"email": "right@example.com", "phone": None}
    assert corrected.json["manage_token"] is None
    work(database)
    (message,) = [sent for sent in mailer.sent if held["reference"] in sent["Subject"]]
    assert message["To"] == "right@example.com"
    assert message["Message-ID"] == f"<confirmation.1.{held['reference']}.2@127.0.0.1>"
    token = plain(message).partition("?token=")[2].split()[0]
    assert "was refused" not in client.get(f"/manage/{held['reference']}?token={token}").text
    (mail,) = show(client, held, token).json["mails"]
    assert (mail["status"], mail["recipient"], mail["reason"]) == ("sent", "right@example.com", None)
    assert value(database, "SELECT count(*) FROM outbox WHERE failed_at IS NOT NULL") == 0
    logged = "SELECT details ->> 'after' LIKE '%right@%' FROM audit_log WHERE action = 'correct_contact'"
    assert value(database, logged) is True


def test_another_address_ends_the_old_link_and_a_phone_does_not(
    client: FlaskClient, database: SQLAlchemy, held: dict[str, Any], mailer: MemoryMailer
) -> None:
    work(database)
    old = bearer(held["manage_token"])
    assert patch(client, held, old, phone="+27 11 000 0000").json["manage_token"] is None
    assert patch(client, held, old, email="THANDI@example.com").json["manage_token"] is None
    assert show(client, held).status_code == 200
    new = patch(client, held, old, email="new@example.com").json["manage_token"]
    assert [show(client, held, token).status_code for token in (held["manage_token"], new)] == [404, 200]
    assert client.get(f"/manage/{held['reference']}?token={held['manage_token']}").status_code == 404
    assert client.get(f"/manage/{held['reference']}?token={new}").status_code == 200
    assert patch(client, held, old, email="thief@example.com").status_code == 404
    for forged in (new.replace(".2_", ".3_"), new.replace(".2_", "_"), new.replace(".2_", ".02_")):
        assert show(client, held, forged).status_code == 401
    work(database)
    to_old, to_new = mailer.sent[-2:]
    assert [to_old["To"], to_new["To"]] == ["thandi@example.com", "new@example.com"]
    assert len(mailer.sent) == 4
    assert "n…@example.com" in plain(to_old)
    assert not [secret for secret in ("new@", "token=", new) if secret in str(to_old)]


def test_the_address_before_is_told_however_often_it_changes_but_none_that_got_nothing(
    client: FlaskClient, database: SQLAlchemy, held: dict[str, Any], mailer: MemoryMailer, agent: dict[str, str]
) -> None:
    work(database)
    for number in range(15):
        token = bearer(held["manage_token"])
        held["manage_token"] = patch(client, held, token, email=f"thief{number}@example.com").json["manage_token"]
        work(database)
    told = [message["To"] for message in mailer.sent if "another address" in message["Subject"]]
    assert told == ["thandi@example.com", *(f"thief{number}@example.com" for number in range(12))]
    mails = client.get(f"/api/v1/bookings/{held['reference']}", headers=agent).json["mails"]
    notice = next(mail["id"] for mail in mails if mail["kind"] == "booking.contact_changed")
    assert again(client, held, notice, agent).json["code"] == "nothing_to_send"


def test_a_change_of_address_can_be_repeated_when_its_answer_is_lost(
    client: FlaskClient, database: SQLAlchemy, held: dict[str, Any], agent: dict[str, str]
) -> None:
    old = bearer(held["manage_token"]) | {"Idempotency-Key": "a key of sixteen characters"}
    first, again_ = (patch(client, held, old, email="new@example.com") for _ in range(2))
    assert (first.status_code, again_.status_code) == (200, 200)
    assert again_.json == first.json
    kept = value(database, "SELECT string_agg(convert_from(body, 'UTF8'), ' ') FROM idempotency_keys")
    assert first.json["reference"] in kept
    assert first.json["manage_token"] not in kept
    assert show(client, held, again_.json["manage_token"]).status_code == 200
    by_phone = bearer(first.json["manage_token"]) | {"Idempotency-Key": "another key of sixteen"}
    assert patch(client, held, by_phone, phone="082 000 0000").json["manage_token"] is None
    client.post(f"/api/v1/bookings/{held['reference']}/renew-link", headers=agent)
    assert patch(client, held, by_phone, phone="082 000 0000").json["manage_token"] is None
    assert show(client, held, patch(client, held, old, email="new@example.com").json["manage_token"]).status_code == 404


def test_who_may_only_see_bookings_changes_none(
    client: FlaskClient, database: SQLAlchemy, held: dict[str, Any], only_sees: None
) -> None:
    agent = signed_in(Role.AGENT)
    address = f"/api/v1/bookings/{held['reference']}"
    assert client.get(address, headers=agent).status_code == 200
    calls = (
        lambda: patch(client, held, agent, email="new@example.com"),
        lambda: patch(client, held, agent, "/passengers/1", name="Sipho"),
        lambda: again(client, held, 1, agent),
        lambda: client.post(f"{address}/cancel", json={}, headers=agent),
        lambda: client.post(f"{address}/payments", json={"provider": "counter", "token": "cash"}, headers=agent),
    )
    assert {call().status_code for call in calls} == {404}


def test_staff_renew_a_link_and_the_new_one_is_mailed(
    client: FlaskClient, database: SQLAlchemy, held: dict[str, Any], agent: dict[str, str], mailer: MemoryMailer
) -> None:
    work(database)
    address = f"/api/v1/bookings/{held['reference']}/renew-link"
    assert client.post(address, headers=bearer(held["manage_token"])).status_code == 401
    key = {"Idempotency-Key": "sixteen of renewing"}
    answers = [client.post(address, headers={**agent, **key}) for _ in range(2)]
    assert answers[0].data == answers[1].data
    assert "manage_token" not in answers[0].text
    assert show(client, held).status_code == 404
    work(database)
    assert len(mailer.sent) == 3
    assert f"?token=fbm_{held['reference']}.2_" in plain(mailer.sent[-1])


def test_a_mail_on_its_way_to_the_wrong_address_counts_for_nothing(
    client: FlaskClient, database: SQLAlchemy, held: dict[str, Any], agent: dict[str, str], mailer: MemoryMailer
) -> None:
    """The address is corrected while the mail server has the mail: what it says then is of the mail before."""
    real = mailer.send

    def correct_meanwhile(message: EmailMessage) -> None:
        mailer.send = real  # type: ignore[method-assign]
        assert patch(client, held, agent, email="right@example.com").status_code == 200
        real(message)

    work_id = value(database, "SELECT min(id) FROM outbox WHERE job = 'messaging.send_mail'")
    database.session.execute(text("UPDATE outbox SET done_at = now() WHERE id <> :id"), {"id": work_id})
    database.session.commit()
    mailer.send = correct_meanwhile  # type: ignore[method-assign]
    work(database)
    assert show(client, held).status_code == 404
    work(database)
    assert [message["To"] for message in mailer.sent] == ["thandi@example.com", "right@example.com"]
    assert value(database, "SELECT status FROM mails ORDER BY id LIMIT 1") == "sent"


def test_a_name_is_put_right_and_tickets_go_again_with_a_higher_sequence(
    client: FlaskClient, database: SQLAlchemy, held: dict[str, Any], agent: dict[str, str], mailer: MemoryMailer
) -> None:
    work(database)
    token, place = bearer(held["manage_token"]), "/passengers/1"
    assert patch(client, held, token, place, name="Sipho 1").json["code"] == "other_person"
    assert patch(client, held, token, place, name="Thandy 1").json["passengers"][0]["name"] == "Thandy 1"
    assert patch(client, held, token, place, name="Thandi 1").json["code"] == "other_person"
    assert patch(client, held, agent, place, name="Sipho van der Merwe-Jr.").status_code == 200
    assert patch(client, held, agent, place, name="Sipho van der Merwe-Jr.").status_code == 200
    assert patch(client, held, agent, place, name="http://evil.example/x").status_code == 422
    work(database)
    (message,) = mailer.sent[2:]
    assert "Sipho van der Merwe-Jr." in plain(message)
    assert calendar(mailer.sent[0]).count("SEQUENCE:0") == 2
    assert calendar(message).count("SEQUENCE:2") == 2
    logged = database.session.execute(text("SELECT details FROM audit_log WHERE action = 'correct_name' ORDER BY id"))
    assert [(row.details["before"], row.details["after"]) for row in logged] == [
        ("Thandi 1", "Thandy 1"),
        ("Thandy 1", "Sipho van der Merwe-Jr."),
    ]


def test_a_name_is_put_right_until_the_last_coach_has_left(
    client: FlaskClient, database: SQLAlchemy, held: dict[str, Any], agent: dict[str, str]
) -> None:
    assert patch(client, held, agent, "/passengers/3", name="Sipho").json["code"] == "passenger_not_found"
    cancel(client, held, {"passengers": [2]})
    assert patch(client, held, agent, "/passengers/2", name="Sipho").json["code"] == "passenger_not_found"
    with time_machine.travel(clock.now() + timedelta(days=8), tick=False):
        assert patch(client, held, agent, "/passengers/1", name="Sipho").status_code == 200
    with time_machine.travel(clock.now() + timedelta(days=11), tick=False):
        assert patch(client, held, agent, "/passengers/1", name="Other").json["code"] == "too_late_to_correct"
    cancel(client, held)
    assert patch(client, held, agent, "/passengers/1", name="Other").json["code"] == "booking_over"


def test_a_mail_is_sent_again_on_request_but_not_without_end_by_travellers(
    client: FlaskClient, database: SQLAlchemy, held: dict[str, Any], agent: dict[str, str], mailer: MemoryMailer
) -> None:
    token, other = bearer(held["manage_token"]), hold(client, held["journeys"][0]["schedule_id"])
    (mail,) = show(client, held).json["mails"]
    answers = [again(client, held, mail["id"], token) for _ in range(13)]
    assert [answer.status_code for answer in answers] == [200] * 12 + [409]
    assert answers[12].json["code"] == "sent_too_often"
    # The link that went astray ends all the same.
    assert patch(client, held, token, email="right@example.com").json["mails"][0]["recipient"] == "thandi@example.com"
    assert show(client, held).status_code == 404
    assert again(client, held, mail["id"], agent).status_code == 200
    assert again(client, other, mail["id"], bearer(other["manage_token"])).json["code"] == "mail_not_found"
    assert again(client, held, mail["id"], {}).status_code == 404
    work(database)
    assert [message["Message-ID"].split("@")[0][-2:] for message in mailer.sent][1:] == ["14"]


def test_what_no_longer_holds_is_not_sent_again(
    client: FlaskClient, database: SQLAlchemy, held: dict[str, Any], agent: dict[str, str], mailer: MemoryMailer
) -> None:
    cancel(client, held)
    work(database)
    confirmation, cancellation = show(client, held).json["mails"]
    assert (confirmation["status"], confirmation["reason"]) == ("dropped", "what it tells of no longer holds")
    assert again(client, held, confirmation["id"], agent).json["code"] == "nothing_to_send"
    assert patch(client, held, agent, email="right@example.com").status_code == 200
    work(database)
    assert cancellation["kind"] == "booking.cancellation"
    assert [(message["To"], message["Subject"][:9]) for message in mailer.sent][1:] == [
        ("thandi@example.com", "Cancelled"),
        ("thandi@example.com", "Your book"),
        ("right@example.com", "Cancelled"),
    ]


def test_who_knows_only_the_address_corrects_nothing(
    client: FlaskClient, held: dict[str, Any], mailer: MemoryMailer
) -> None:
    other = hold(client, held["journeys"][0]["schedule_id"])
    for headers in ({}, bearer(other["manage_token"])):
        assert patch(client, held, headers, email="mine@example.com").status_code == 404
        assert patch(client, held, headers, "/passengers/1", name="Mine").status_code == 404
    assert patch(client, held, {}, "?email=thandi@example.com", email="mine@example.com").status_code in {404, 422}
    assert patch(client, held, bearer(held["manage_token"]), email=None).status_code == 422
