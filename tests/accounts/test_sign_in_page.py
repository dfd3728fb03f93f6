"""Signing in and out in a browser: the form, the session, and what is left of it without its Redis."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import text

from falconbus.accounts import pages, service
from falconbus.app import FalconBus
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.platform.web.identity import COOKIE
from tests.accounts.browsing import EMAIL, HTML, PASSWORD, cookie_of, is_signed_in, sign_in, token_of, without_redis
from tests.counting import statements

pytestmark = pytest.mark.usefixtures("sessions")


def test_the_right_password_leads_on_and_the_cookie_says_who_one_is(client: FlaskClient) -> None:
    assert not is_signed_in(client)
    answer = sign_in(client, email=" Thandi@Example.com ", next="/api/v1/docs?x=1")
    assert (answer.status_code, answer.location) == (303, "/api/v1/docs?x=1")
    header = answer.headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Path=/" in header
    assert client.get("/api/v1/me").json["email"] == EMAIL


def test_the_cookie_is_secure_where_the_site_is(app: FalconBus, client: FlaskClient, monkeypatch: Any) -> None:
    assert "Secure" not in sign_in(client).headers["Set-Cookie"]
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], public_url="https://bus.example"))
    assert "Secure" in sign_in(client).headers["Set-Cookie"]


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "another password"},
        {"email": "nobody@example.com"},
        {"email": ""},
        {"password": ""},
        {"email": "a" * 300},
        {"email": "a\x00@b.co"},
        {"password": "x" * 2000},
    ],
)
def test_what_is_wrong_is_told_on_the_form_which_keeps_the_e_mail(client: FlaskClient, fields: dict[str, str]) -> None:
    answer = sign_in(client, next="/performance", **fields)
    assert answer.status_code == 401
    assert "The e-mail or the password is wrong." in answer.text
    assert f'value="{fields.get("email", EMAIL)[:254]}"' in answer.text
    assert 'name="next" value="/performance"' in answer.text
    assert "another password" not in answer.text
    assert cookie_of(client) is None


def test_a_closed_account_cannot_sign_in(client: FlaskClient, database: SQLAlchemy) -> None:
    transactions.run(lambda: service.deactivate(EMAIL))
    assert sign_in(client).status_code == 401


@pytest.mark.parametrize(
    ("given", "goes_to"),
    [
        ("/performance?from=1&to=2", "/performance?from=1&to=2"),
        ("", "/"),
        (None, "/"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("performance", "/"),
        ("http://[", "/"),
        ("/sign-in?next=/x", "/"),
        ("/sign-out", "/"),
    ],
)
def test_only_addresses_of_ours_are_gone_to(given: str | None, goes_to: str) -> None:
    assert pages.local_address(given) == goes_to


def test_each_sign_in_is_another_session_and_ends_the_one_before(client: FlaskClient, app: FalconBus) -> None:
    sign_in(client)
    first = cookie_of(client)
    sign_in(client)
    second = cookie_of(client)
    assert first
    assert second
    assert first != second
    assert is_signed_in(client)
    old = app.test_client()
    old.set_cookie(COOKIE, first)
    assert not is_signed_in(old)


def test_the_cookie_holds_ids_only_and_redis_not_even_the_id(client: FlaskClient, sessions: Redis) -> None:
    sign_in(client)
    cookie = cookie_of(client) or ""
    user, secret = cookie.split(".")[:2]
    assert user.isdigit()
    assert len(secret) == 43
    assert EMAIL not in cookie
    stored = [str((key, sessions.hgetall(key))) for key in sessions.scan_iter("session:*")]
    assert len(stored) == 2
    assert not any(secret in each for each in stored)


def test_a_forged_or_altered_cookie_is_nobody(client: FlaskClient) -> None:
    sign_in(client)
    good = cookie_of(client) or ""
    user, rest = good.split(".", 1)
    for bad in ("", "x", good[:-2] + "AA", f"{int(user) - 1}.{rest}", "é" * 20, "1.2.3.4", good + "."):
        client.set_cookie(COOKIE, bad)
        assert not is_signed_in(client), bad


def test_signing_out_ends_this_session_and_no_other(client: FlaskClient, app: FalconBus) -> None:
    elsewhere = app.test_client()
    sign_in(client)
    sign_in(elsewhere)
    kept = cookie_of(client) or ""
    answer = client.post("/sign-out", data={"csrf_token": token_of(client)})
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert cookie_of(client) is None
    client.set_cookie(COOKIE, kept)
    assert not is_signed_in(client)
    assert is_signed_in(elsewhere)
    assert app.test_client().post("/sign-out").status_code == 303


@pytest.mark.parametrize("end", ["password", "closed"])
@pytest.mark.parametrize("redis", ["there", "away"])
def test_a_new_password_and_a_closed_account_end_all_sessions_of_the_account(
    client: FlaskClient, app: FalconBus, database: SQLAlchemy, sessions: Redis, end: str, redis: str
) -> None:
    elsewhere, other = app.test_client(), app.test_client()
    sign_in(client)
    sign_in(elsewhere)
    sign_in(other, email="other@example.com")
    if redis == "away":
        without_redis(app)
    if end == "password":
        transactions.run(lambda: service.set_password(EMAIL, "a new password for her"))
    else:
        transactions.run(lambda: service.deactivate(EMAIL))
        database.session.execute(text("UPDATE users SET active = true"))
        database.session.commit()
    app.extensions.pop("session_redis", None)
    assert [is_signed_in(each) for each in (client, elsewhere, other)] == [False, False, True]
    assert len(list(sessions.scan_iter("session:*"))) == (2 if redis == "there" else 4)


def test_a_session_ends_after_two_idle_weeks_and_in_any_case_after_ninety_days(client: FlaskClient) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        sign_in(client)
        traveller.shift(timedelta(days=13, hours=23))
        assert is_signed_in(client)
        for _ in range(5):
            traveller.shift(timedelta(days=13))
            assert is_signed_in(client)
        traveller.shift(timedelta(days=12))
        assert not is_signed_in(client)
        sign_in(client)
        traveller.shift(timedelta(days=14))
        assert not is_signed_in(client)


def test_when_it_was_last_seen_is_written_once_a_minute(client: FlaskClient, sessions: Redis) -> None:
    def written() -> list[str]:
        return sorted(str(sessions.hget(key, "seen")) for key in sessions.scan_iter("session:*"))

    with time_machine.travel(clock.now(), tick=False) as traveller:
        sign_in(client)
        before = written()
        traveller.shift(timedelta(seconds=59))
        assert is_signed_in(client)
        assert written() == before
        traveller.shift(timedelta(seconds=2))
        assert is_signed_in(client)
        assert written() != before


def test_knowing_who_is_signed_in_costs_one_statement(client: FlaskClient, database: SQLAlchemy) -> None:
    sign_in(client)
    with statements() as sent:
        assert is_signed_in(client)
    assert len(sent) == 2, "\n".join(sent)


def test_pages_and_calls_of_nobody_look_nothing_up(client: FlaskClient, app: FalconBus, database: SQLAlchemy) -> None:
    without_redis(app)
    with statements() as sent:
        assert client.get("/sign-in").status_code == 200
        assert client.get("/api/v1/docs").status_code == 200
    assert sent == []


def test_a_bearer_token_counts_before_the_cookie(client: FlaskClient, database: SQLAlchemy) -> None:
    token = service.sign_in("other@example.com", PASSWORD).token
    database.session.commit()
    sign_in(client)
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).json["email"] == "other@example.com"
    assert client.get("/api/v1/me", headers={"Authorization": "Bearer nothing"}).status_code == 401


def test_without_redis_a_young_session_reads_and_changes_nothing(
    client: FlaskClient, app: FalconBus, database: SQLAlchemy
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        sign_in(client)
        token = token_of(client)
        without_redis(app)
        assert is_signed_in(client)
        refused = client.post("/sign-out", data={"csrf_token": token}, headers=HTML)
        assert refused.status_code == 503
        assert "Changes are not possible for the moment" in refused.text
        assert client.post("/api/v1/routes", json={}, headers={"X-CSRFToken": token}).json["code"] == (
            "sessions_unavailable"
        )
        again = sign_in(app.test_client())
        assert again.status_code == 503
        assert f'value="{EMAIL}"' in again.text
        traveller.shift(timedelta(hours=11, minutes=59))
        assert is_signed_in(client)
        traveller.shift(timedelta(minutes=2))
        assert not is_signed_in(client)
        traveller.shift(timedelta(hours=-12))
        database.session.execute(text("UPDATE users SET active = false"))
        database.session.commit()
        assert not is_signed_in(client)
