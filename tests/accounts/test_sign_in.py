"""Signing in and out over HTTP."""

from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts import passwords, service
from falconbus.accounts.models import Role, User
from falconbus.platform.kit import clock
from tests.accounts.signing import add_user, signed_in, token_for
from tests.calls import bearer

EMAIL, PASSWORD = "thandi@example.com", "correct horse battery"


@pytest.fixture
def thandi(database: SQLAlchemy) -> User:
    """An agent with a password, and a driver beside her."""
    add_user("other@example.com", Role.DRIVER)
    service.create_user(EMAIL, PASSWORD, [Role.AGENT], "Thandi")
    database.session.commit()
    return database.session.query(User).where(User.email == EMAIL).one()


@pytest.mark.usefixtures("thandi")
def test_the_right_password_gives_a_token_that_says_who_one_is(client: FlaskClient) -> None:
    answer = client.post("/api/v1/auth/token", json={"email": " Thandi@Example.com ", "password": PASSWORD})
    assert answer.status_code == 200
    assert sorted(answer.json or {}) == ["expires_at", "token"]
    assert answer.json["token"].startswith("fb_live_")
    left = datetime.fromisoformat(answer.json["expires_at"]) - clock.now()
    assert timedelta(days=29) < left <= timedelta(days=30)
    me = client.get("/api/v1/me", headers=bearer(answer.json["token"]))
    assert me.json == {
        "email": EMAIL,
        "name": "Thandi",
        "roles": ["agent"],
        "permissions": [
            "change_bookings",
            "own_appointments",
            "own_bookings",
            "own_duties",
            "see_bookings",
            "see_network",
            "take_counter_payments",
        ],
    }


def test_an_account_is_found_however_its_domain_is_spelt(client: FlaskClient, database: SQLAlchemy) -> None:
    service.create_user("thandi@xn--bcher-kva.example", PASSWORD, [Role.AGENT], "Thandi")
    database.session.commit()
    for email in ("thandi@xn--bcher-kva.example", "Thandi@Bücher.example"):
        assert client.post("/api/v1/auth/token", json={"email": email, "password": PASSWORD}).status_code == 200


@pytest.mark.usefixtures("thandi")
def test_of_the_secret_only_a_hash_is_stored(client: FlaskClient, database: SQLAlchemy) -> None:
    token = client.post("/api/v1/auth/token", json={"email": EMAIL, "password": PASSWORD}).json["token"]
    row = database.session.execute(text("SELECT * FROM api_tokens")).one()
    public_id, _, secret = token.removeprefix("fb_live_").partition("_")
    assert row.public_id == public_id
    assert secret not in str(row)


def test_a_wrong_password_an_unknown_e_mail_and_a_closed_account_get_the_same_answer(
    thandi: User, client: FlaskClient, database: SQLAlchemy
) -> None:
    def answer(email: str, password: str) -> dict[str, object]:
        given = client.post("/api/v1/auth/token", json={"email": email, "password": password})
        assert given.status_code == 401
        return {name: value for name, value in given.json.items() if name != "request_id"}

    wrong = answer(EMAIL, "another password")
    assert wrong["code"] == "wrong_credentials"
    assert answer("nobody@example.com", PASSWORD) == wrong
    thandi.active = False
    database.session.commit()
    assert answer(EMAIL, PASSWORD) == wrong


@pytest.mark.parametrize(
    ("email", "stored"),
    [
        ("nobody@example.com", None),
        (EMAIL, passwords.hash_password("another password")),
        (EMAIL, "no hash at all"),
        (EMAIL, ""),
        (EMAIL, passwords.DECOY),
    ],
    ids=["unknown", "known", "unusable", "empty", "decoy"],
)
def test_whatever_is_wrong_one_comparison_is_made_at_the_same_cost(
    client: FlaskClient, database: SQLAlchemy, monkeypatch: pytest.MonkeyPatch, email: str, stored: str | None
) -> None:
    if stored is not None:
        add_user(EMAIL, password_hash=stored)
    costs: list[tuple[int, int, int]] = []

    def verify(hasher: PasswordHasher, hash_: str, password: str) -> bool:
        parameters = extract_parameters(hash_)
        costs.append((parameters.time_cost, parameters.memory_cost, parameters.parallelism))
        return genuine(hasher, hash_, password)

    genuine = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", verify)
    monkeypatch.setattr(PasswordHasher, "hash", lambda *_: pytest.fail("nothing is to be hashed"))
    given = {"email": email, "password": PASSWORD}
    for path, body in (("/api/v1/auth/token", {"json": given}), ("/sign-in", {"data": given})):
        costs.clear()
        assert client.post(path, **body).status_code == 401
        assert costs == [(2, 19 * 1024, 1)]
    assert not passwords.is_outdated(passwords.DECOY)


def test_a_hash_of_weaker_parameters_is_renewed_at_sign_in(client: FlaskClient, database: SQLAlchemy) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    user = add_user(EMAIL, password_hash=weak)
    add_user("other@example.com", password_hash=weak)
    assert client.post("/api/v1/auth/token", json={"email": EMAIL, "password": PASSWORD}).status_code == 200
    database.session.refresh(user)
    assert user.password_hash != weak
    assert passwords.is_password(PASSWORD, user.password_hash)
    assert database.session.query(User).where(User.password_hash == weak).count() == 1


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/email", "/password"]),
        ({"email": "", "password": ""}, ["/email", "/password"]),
        ({"email": 1, "password": None}, ["/email", "/password"]),
        ({"email": "a@b.co", "password": "x", "role": "admin"}, ["/role"]),
        ({"email": "a\u0000@b.co", "password": "x"}, ["/email"]),
        ({"email": "a" * 255, "password": "x" * 1001}, ["/email", "/password"]),
    ],
)
def test_what_is_no_sign_in_is_told_field_by_field(
    client: FlaskClient, body: dict[str, object], pointers: list[str]
) -> None:
    answer = client.post("/api/v1/auth/token", json=body)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json["errors"]] == pointers


def test_what_is_no_json_is_malformed(client: FlaskClient) -> None:
    form = client.post("/api/v1/auth/token", data={"email": EMAIL, "password": PASSWORD})
    broken = client.post("/api/v1/auth/token", data="{", content_type="application/json")
    lone_surrogate = b'{"email": "a@b.co", "password": "\\ud800"}'
    surrogate = client.post("/api/v1/auth/token", data=lone_surrogate, content_type="application/json")
    assert (form.status_code, broken.status_code, surrogate.status_code) == (415, 400, 400)


def test_without_a_token_nobody_is_anybody(client: FlaskClient) -> None:
    assert client.get("/api/v1/me").status_code == 401
    assert client.delete("/api/v1/auth/token").status_code == 401


@pytest.mark.parametrize(
    "token",
    [
        "",
        "fb_live_",
        "fb_live_0123456789abcdef",
        "fb_live_0123456789abcdef_",
        "fb_live_0123456789abcdef_" + "a" * 43,
        "fb_live_0123456789ABCDEF_" + "a" * 43,
        "fb_live_0123456789abcdef_" + "a" * 4000,
        "fb_live_0123456789abcdef_" + "é" * 43,
        "fb_test_0123456789abcdef_" + "a" * 43,
        "' OR 1=1 --",
    ],
)
def test_a_token_of_garbage_is_refused(client: FlaskClient, token: str) -> None:
    for address in ("/api/v1/me", "/api/v1/routes"):
        answer = client.get(address, headers=bearer(token))
        assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")


def test_a_token_holds_for_its_account_only_while_it_is_live(client: FlaskClient, thandi: User) -> None:
    good = token_for(thandi)
    bad = [
        token_for(thandi, age=timedelta(days=30)),
        token_for(thandi, revoked=True),
        token_for(add_user("closed@example.com", Role.ADMIN, active=False)),
        good[:-1] + ("A" if good[-1] != "A" else "B"),
    ]
    assert client.get("/api/v1/me", headers=bearer(good)).json["email"] == EMAIL
    assert [client.get("/api/v1/me", headers=bearer(token)).status_code for token in bad] == [401] * len(bad)


def test_signing_out_ends_the_calling_token_and_no_other(client: FlaskClient, thandi: User) -> None:
    used, kept, others = token_for(thandi), token_for(thandi), signed_in(Role.DRIVER)
    assert client.delete("/api/v1/auth/token", headers=bearer(used)).status_code == 204
    assert client.get("/api/v1/me", headers=bearer(used)).status_code == 401
    assert client.get("/api/v1/me", headers=bearer(kept)).status_code == 200
    assert client.get("/api/v1/me", headers=others).status_code == 200
