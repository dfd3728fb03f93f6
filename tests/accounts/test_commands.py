"""`user ...` on the command line."""

from dataclasses import replace

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from tests.accounts.signing import add_user, token_for
from tests.calls import bearer

PASSWORD = "correct horse battery"


def run(app: Flask, *arguments: str, stdin: str | None = None) -> Result:
    return app.test_cli_runner().invoke(args=["user", *arguments], input=stdin)


def signs_in(client: FlaskClient, email: str, password: str) -> bool:
    return client.post("/api/v1/auth/token", json={"email": email, "password": password}).status_code == 200


@pytest.mark.usefixtures("database")
def test_an_account_signs_in_with_the_password_that_was_made_for_it(app: Flask, client: FlaskClient) -> None:
    made = run(app, "create", "Thandi@Example.com", "--role", "agent", "--role", "driver", "--name", "Thandi")
    start = "made thandi@example.com, password (shown once): "
    assert made.exit_code == 0
    assert made.output.startswith(start)
    assert signs_in(client, "thandi@example.com", made.output.removeprefix(start).strip())
    assert "agent, driver" in run(app, "list").output


def test_a_given_password_is_not_shown(app: Flask, client: FlaskClient) -> None:
    made = run(app, "create", "thandi@example.com", "--password-stdin", stdin=f"{PASSWORD}\nsecond line\n")
    assert made.output == "made thandi@example.com\n"
    assert signs_in(client, "thandi@example.com", PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "stdin", "line"),
    [
        (["create", "thandi"], None, "not an e-mail address"),
        (["create", "taken@example.com"], None, "there is an account taken@example.com already"),
        (["create", "a@example.com", "--password-stdin"], "short\n", "12 characters or more"),
        (["create", "a@example.com", "--password-stdin"], "", "12 characters or more"),
        (["create", "a@example.com", "--role", "king"], None, "'king' is not one of"),
        (["set-password", "nobody@example.com"], None, "there is no account nobody@example.com"),
        (["deactivate", "nobody@example.com"], None, "there is no account nobody@example.com"),
    ],
)
@pytest.mark.usefixtures("database")
def test_a_refusal_is_one_clear_line(app: Flask, arguments: list[str], stdin: str | None, line: str) -> None:
    add_user("taken@example.com", Role.AGENT)
    result = run(app, *arguments, stdin=stdin)
    assert result.exit_code != 0
    assert line in result.output.splitlines()[-1]
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("database")
def test_another_password_ends_the_tokens_of_this_account_only(app: Flask, client: FlaskClient) -> None:
    token = token_for(add_user("thandi@example.com"))
    others = token_for(add_user("other@example.com"))
    assert run(app, "set-password", "thandi@example.com", "--password-stdin", stdin=PASSWORD).exit_code == 0
    assert signs_in(client, "thandi@example.com", PASSWORD)
    assert client.get("/api/v1/me", headers=bearer(token)).status_code == 401
    assert client.get("/api/v1/me", headers=bearer(others)).status_code == 200


@pytest.mark.usefixtures("database")
def test_a_closed_account_cannot_come_in(app: Flask, client: FlaskClient) -> None:
    run(app, "create", "thandi@example.com", "--role", "agent", "--password-stdin", stdin=PASSWORD)
    token = token_for(add_user("other@example.com", Role.DRIVER))
    assert run(app, "deactivate", "THANDI@example.com").output == "closed THANDI@example.com\n"
    assert not signs_in(client, "thandi@example.com", PASSWORD)
    assert client.get("/api/v1/me", headers=bearer(token)).status_code == 200
    assert "(closed)" in run(app, "list").output


def test_the_first_admin_is_made_and_shown_once(app: Flask, client: FlaskClient) -> None:
    made = run(app, "ensure-admin").output
    start = "admin sign-in: admin@falconbus.example / "
    assert made.startswith(start)
    assert signs_in(client, "admin@falconbus.example", made.removeprefix(start).strip())
    assert run(app, "ensure-admin").output == ""


def test_the_environments_admin_keeps_their_password_to_themselves(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(app.config["SETTINGS"], admin_email="Boss@Example.com", admin_password=PASSWORD)
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    assert run(app, "ensure-admin").output == "admin sign-in: boss@example.com / (the password you set)\n"
    assert signs_in(client, "boss@example.com", PASSWORD)
    assert run(app, "ensure-admin").output == ""


def test_what_is_done_to_accounts_is_in_the_audit_log(app: Flask, database: SQLAlchemy) -> None:
    run(app, "create", "thandi@example.com", "--role", "agent")
    run(app, "set-password", "thandi@example.com")
    run(app, "deactivate", "thandi@example.com")
    rows = database.session.execute(text("SELECT action, subject, user_id FROM audit_log ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [
        ("create", "users", None),
        ("set password", "users", None),
        ("deactivate", "users", None),
    ]


def run_key(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["key", *arguments])


@pytest.mark.usefixtures("database")
def test_a_key_is_made_listed_and_revoked(app: Flask, client: FlaskClient) -> None:
    made = run_key(app, "create", "shop.example", "--rate", "5/minute")
    start = "made shop.example, X-API-Key (shown once): fb_key_"
    assert made.output.startswith(start)
    run_key(app, "create", "other.example")
    headers = {"X-API-Key": made.output.rpartition(" ")[2].strip()}
    assert client.get("/api/v1/stops", headers=headers).status_code == 200
    assert [line.split() for line in run_key(app, "list").output.splitlines()] == [
        ["other.example", "600/minute"],
        ["shop.example", "5/minute"],
    ]
    assert run_key(app, "revoke", "shop.example").output == "revoked shop.example\n"
    assert "5/minute  (revoked)" in run_key(app, "list").output
    assert client.get("/api/v1/stops", headers=headers).json["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["create", "taken"], "there is a key taken already"),
        (["create", "a shop"], "A key's name has 1 to 64 letters, digits or . _ -"),
        (["create", "shop", "--rate", "many"], "Not a limit such as 600/minute"),
        (["revoke", "nobody"], "there is no key nobody"),
    ],
)
@pytest.mark.usefixtures("database")
def test_a_refusal_about_a_key_is_one_clear_line(app: Flask, arguments: list[str], line: str) -> None:
    run_key(app, "create", "taken")
    result = run_key(app, *arguments)
    assert result.exit_code != 0
    assert line in result.output.splitlines()[-1]
