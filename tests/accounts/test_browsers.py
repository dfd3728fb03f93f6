"""What browsers may do by their cookie: nothing that another site's page could make them do."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from config import Settings
from falconbus.app import FalconBus, create_app
from falconbus.network.models import Stop
from falconbus.platform.database.engine import db
from falconbus.platform.web import declarations
from falconbus.platform.web.limits import limiter
from falconbus.platform.web.operations import operation
from falconbus.platform.web.permissions import SEE_PERFORMANCE
from tests.accounts.browsing import EMAIL, HTML, PASSWORD, is_signed_in, sign_in, token_of

pytestmark = pytest.mark.usefixtures("sessions")

PAGE = "/for-admins"
STOP = {"code": "NEW", "name": "New stop", "city": "Newtown", "time_zone": "Africa/Johannesburg"}


@pytest.fixture
def guarded(app: FalconBus, environment: dict[str, str]) -> Iterator[FlaskClient]:
    """A browser at an app with a page that is not for everybody."""
    made = create_app(Settings.from_environment(environment))
    made.test_client_class = app.test_client_class
    route = made.get(PAGE, endpoint="for_admins")
    operation(route, who=SEE_PERFORMANCE, gives={200: declarations.PAGE}, budget=0)(lambda: "the page")
    yield made.test_client()
    with made.app_context():
        db.engine.dispose()


def add_stop(client: FlaskClient, token: str | None = None) -> Any:
    return client.post("/api/v1/stops", json=STOP, headers={} if token is None else {"X-CSRFToken": token})


def test_a_call_with_this_sessions_token_is_carried_out(client: FlaskClient, database: SQLAlchemy) -> None:
    sign_in(client)
    answer = add_stop(client, token_of(client))
    assert answer.status_code == 201, answer.json
    assert database.session.query(Stop).count() == 1


def test_a_call_without_a_token_or_with_another_sessions_changes_nothing(
    client: FlaskClient, app: FalconBus, database: SQLAlchemy
) -> None:
    elsewhere = app.test_client()
    sign_in(client)
    sign_in(elsewhere)
    for token in (None, "", "nonsense", token_of(elsewhere)):
        answer = add_stop(client, token)
        assert (answer.status_code, answer.json["code"]) == (400, "csrf")
    assert database.session.query(Stop).count() == 0


def test_a_form_without_a_token_or_with_another_sessions_changes_nothing(client: FlaskClient, app: FalconBus) -> None:
    elsewhere = app.test_client()
    sign_in(client)
    sign_in(elsewhere)
    for fields in ({}, {"csrf_token": token_of(elsewhere)}):
        answer = client.post("/sign-out", data=fields, headers=HTML)
        assert answer.status_code == 400
        assert "The page was open for too long" in answer.text
        assert is_signed_in(client)


def test_the_token_of_before_the_sign_in_is_worth_nothing_after_it(client: FlaskClient) -> None:
    sign_in(client)
    old = token_of(client)
    sign_in(client)
    assert add_stop(client, old).json["code"] == "csrf"


def test_what_anybody_may_do_needs_no_token(client: FlaskClient) -> None:
    sign_in(client)
    answer = client.post("/api/v1/payments/webhooks/nobody", data=b"{}")
    assert answer.json["code"] != "csrf"
    assert "token=" not in client.get("/manage/ABCD2345?token=x", headers=HTML).text
    assert client.post("/manage/ABCD2345/cancel", data={"token": "x"}).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:81"},
        {"Origin": "http://localhost.evil.example"},
    ],
)
def test_a_sign_in_that_another_site_sends_is_refused(client: FlaskClient, headers: dict[str, str]) -> None:
    form = {"email": EMAIL, "password": PASSWORD}
    answer = client.post("/sign-in", data=form, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "csrf")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
        # What the browser sees, where a proxy gives us another name.
        {"Origin": "http://127.0.0.1:8000"},
    ],
)
def test_one_that_our_own_page_sends_is_taken(client: FlaskClient, headers: dict[str, str]) -> None:
    form = {"email": EMAIL, "password": PASSWORD}
    assert client.post("/sign-in", data=form, headers=headers).status_code == 303


def test_a_page_of_a_booking_shows_nobody_who_is_signed_in(client: FlaskClient) -> None:
    sign_in(client)
    refusal = client.get("/manage/ABCD2345?token=x", headers=HTML)
    assert refusal.status_code == 404
    assert "thandi@example.com" not in refusal.text
    assert "csrf" not in refusal.text
    assert "thandi@example.com" in client.get("/api/v1/docs").text


def test_a_browser_that_must_sign_in_is_led_there_and_back(guarded: FlaskClient) -> None:
    answer = guarded.get(f"{PAGE}?a=1&b=2", headers=HTML)
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.location).query) == {"next": [f"{PAGE}?a=1&b=2"]}
    assert urlsplit(answer.location).path == "/sign-in"
    assert guarded.get(PAGE).json["code"] == "unauthenticated"
    piece = guarded.get(PAGE, headers={"HX-Request": "true", "HX-Current-URL": "https://any.example/p?q=1"})
    assert (piece.status_code, piece.headers["HX-Redirect"]) == (401, "/sign-in?next=%2Fp%3Fq%3D1")
    assert sign_in(guarded, next=f"{PAGE}?a=1&b=2").location == f"{PAGE}?a=1&b=2"
    assert guarded.get(PAGE).text == "the page"


def test_calls_of_the_api_are_never_led_anywhere(client: FlaskClient) -> None:
    answer = client.get("/api/v1/me", headers=HTML)
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")


def test_who_may_not_see_a_page_reads_why(guarded: FlaskClient) -> None:
    sign_in(guarded, email="other@example.com")
    answer = guarded.get(PAGE, headers=HTML)
    assert answer.status_code == 403
    assert "Your account may not see this" in answer.text
    assert "Ask an administrator" in answer.text
    assert guarded.get(PAGE).json["code"] == "forbidden"


def test_what_is_not_there_is_a_page_for_browsers(client: FlaskClient) -> None:
    answer = client.get("/nothing", headers=HTML)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


@pytest.mark.parametrize(
    ("address", "status"),
    [("/sign-in", 413), ("/sign-out", 413), ("/performance/compare", 413), ("/performance/nothing", 404)],
)
def test_a_form_that_is_too_large_is_refused_on_a_page(client: FlaskClient, address: str, status: int) -> None:
    sign_in(client)
    answer = client.post(address, data={"email": "a" * 70_000}, headers=HTML)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert client.get("/sign-in").status_code in {200, 303}


def test_pages_allow_no_code_but_ours_and_to_listen_to_the_live_process(
    app: FalconBus, environment: dict[str, str]
) -> None:
    live = create_app(Settings.from_environment({**environment, "LIVE_URL": "https://live.example:8443/x"}))
    for made, sources in ((app, "'self'"), (live, "'self' https://live.example:8443")):
        policy = made.test_client().get("/sign-in").headers["Content-Security-Policy"]
        assert policy == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
            f"connect-src {sources}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    assert "script-src" not in app.test_client().get("/api/v1/stops").headers["Content-Security-Policy"]
    with live.app_context():
        db.engine.dispose()


def test_pages_are_kept_by_nobody_and_differ_by_cookie(client: FlaskClient) -> None:
    assert "Cookie" in client.get("/api/v1/docs").headers["Vary"]
    sign_in(client)
    assert client.get("/api/v1/docs").headers["Cache-Control"] == "private, no-store"
    assert client.get("/sign-in").headers["Cache-Control"] == "private, no-store"


def test_no_other_cookie_is_ever_set(client: FlaskClient) -> None:
    assert client.get("/sign-in").headers.getlist("Set-Cookie") == []
    assert len(sign_in(client).headers.getlist("Set-Cookie")) == 1
    token_of(client)
    assert client.get("/api/v1/docs").headers.getlist("Set-Cookie") == []


def test_too_many_tries_are_told_on_the_form(app: FalconBus, environment: dict[str, str]) -> None:
    settings = {**environment, "RATELIMIT_ENABLED": "true", "RATELIMIT_SIGN_IN": "2/minute"}
    limited = create_app(Settings.from_environment(settings))
    try:
        client = limited.test_client()
        answers = [sign_in(client, password="a wrong password") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 429]
        assert re.search(r"Too many tries. Wait \d+ seconds", answers[2].text)
        assert 'value="thandi@example.com"' in answers[2].text
        assert 0 < int(answers[2].headers["Retry-After"]) <= 60
        assert client.post("/sign-in", data={"email": "a" * 70_000, "password": "x"}).status_code == 429
    finally:
        limiter.enabled = False
        with limited.app_context():
            db.engine.dispose()
