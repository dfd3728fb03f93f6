"""A new page with a form: how little it needs, and what it does by itself."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from config import Settings
from falconbus.accounts import service
from falconbus.accounts.models import Role
from falconbus.app import FalconBus, create_app
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from tests.accounts.browsing import EMAIL, HTML, PASSWORD, sign_in, token_of
from tests.platform.web import trip_pages
from tests.platform.web.trip_pages import Kind, TripIn

GOOD = {"name": " Union Club ", "people": "12", "on": "2026-12-18", "kind": "sport", "is_return": "on"}


@pytest.fixture
def browser(app: FalconBus, environment: dict[str, str]) -> Iterator[FlaskClient]:
    """A browser at an app with the new page, somebody signed in who may see it."""
    made = create_app(Settings.from_environment(environment))
    made.test_client_class = app.test_client_class
    made.register_blueprint(trip_pages.bp)
    trip_pages.added.clear()
    with app.app_context():
        transactions.run(lambda: service.create_user(EMAIL, PASSWORD, [Role.ADMIN], "Thandi"))
    client = made.test_client()
    client.environ_base["HTTP_ACCEPT"] = HTML["Accept"]
    sign_in(client)
    yield client
    with made.app_context():
        db.engine.dispose()


def send(client: FlaskClient, **fields: Any) -> Any:
    """Send the page's form as the browser does that shows it."""
    return client.post("/trips", data={"csrf_token": token_of(client), **fields})


def field(page: Any, name: str) -> str:
    """What stands in the page for a field: itself, with what is below it."""
    found = re.search(rf'<label for="{name}">.*?</div>', page.text, re.DOTALL)
    assert found is not None, page.text
    return found[0]


def test_the_form_demands_what_its_model_does(browser: FlaskClient) -> None:
    page = browser.get("/trips")
    assert page.status_code == 200
    assert {'maxlength="20"', 'type="text"', 'required=""'} <= set(re.findall(r'\w+="[^"]*"', field(page, "name")))
    assert {'type="number"', 'min="1"', 'max="60"', 'value="10"'} <= set(
        re.findall(r'\w+="[^"]*"', field(page, "people"))
    )
    assert 'aria-describedby="people-note"' in field(page, "people")
    assert "A coach has 60 seats." in field(page, "people")
    assert 'type="date"' in field(page, "on")
    assert "required" not in field(page, "note")
    assert "aria-invalid" not in page.text
    assert 'role="status"' not in page.text


def test_the_frame_shows_who_is_signed_in_and_where_they_may_go(browser: FlaskClient) -> None:
    page = browser.get("/trips")
    assert f"Signed in as {EMAIL}" in page.text
    assert '<a href="/performance">Performance</a>' in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert not re.search(r"<[^>]*\s(style|on[a-z]+)=|<style|<script", page.text.partition('<main id="main">')[2])


def test_faults_stand_beside_their_fields_and_what_was_typed_stays(browser: FlaskClient) -> None:
    page = send(browser, name="<b>Union</b> & its friends", people="many", on="18/12", note="</textarea><i>", kind="x")
    assert page.status_code == 422
    for name, words in (
        ("name", "That is too long: 26 characters, and there is room for 20."),
        ("people", "Give a whole number, such as 12."),
        ("on", "Give a date, such as 2026-12-18."),
        ("kind", "Choose one of these."),
    ):
        shown = field(page, name)
        assert f'<span id="{name}-fault" class="notice notice-danger" role="alert">{words}</span>' in shown
        assert f'aria-describedby="{name}-fault"' in shown
        assert 'aria-invalid="true"' in shown
        assert ("autofocus" in shown) == (name == "name"), "the first fault has the focus"
    assert 'value="&lt;b&gt;Union&lt;/b&gt; &amp; its friends"' in field(page, "name")
    assert 'value="many"' in field(page, "people")
    assert 'value="18/12"' in field(page, "on")
    assert "&lt;/textarea&gt;&lt;i&gt;" in field(page, "note")
    assert "-fault" not in field(page, "note")
    assert trip_pages.added == []


def test_an_empty_form_says_what_is_missing_and_why(browser: FlaskClient) -> None:
    page = send(browser)
    assert "Say who travels, so that the driver finds them." in field(page, "name")
    assert "Fill this in." in field(page, "people")
    assert page.text.count('role="alert"') == 4


def test_what_the_use_case_refuses_stands_beside_its_field(browser: FlaskClient) -> None:
    page = send(browser, **GOOD | {"name": "Nobody"})
    assert page.status_code == 422
    assert "nobody travels with us." in field(page, "name")
    assert '<option value="sport" selected>' in field(page, "kind")
    assert " checked> And back" in page.text


@pytest.mark.parametrize("token", [{}, {"csrf_token": "nonsense"}])
def test_a_form_of_another_site_is_refused_as_a_page(token: dict[str, str], browser: FlaskClient) -> None:
    answer = browser.post("/trips", data={**GOOD, **token})
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert "The page was open for too long" in answer.text
    assert trip_pages.added == []


def test_a_good_form_leads_on_and_the_next_page_says_what_was_done(browser: FlaskClient) -> None:
    answer = send(browser, **GOOD)
    assert (answer.status_code, answer.location) == (303, "/trips?notice=added")
    assert answer.headers.getlist("Set-Cookie") == []
    assert trip_pages.added == [
        TripIn(name="Union Club", people=12, on=date(2026, 12, 18), kind=Kind.SPORT, is_return=True)
    ]
    assert '<p class="notice" role="status">The trip is added.</p>' in browser.get(answer.location).text
    assert 'role="status"' not in browser.get("/trips?notice=nonsense").text


def test_who_is_not_signed_in_is_led_there_and_who_may_not_reads_why(browser: FlaskClient, app: FalconBus) -> None:
    browser.delete_cookie("falconbus_session")
    assert browser.get("/trips").location == "/sign-in?next=%2Ftrips"
    assert "Sign in first" in browser.post("/trips", data=GOOD).text
    with app.app_context():
        transactions.run(lambda: service.create_user("driver@example.com", PASSWORD, [Role.DRIVER], "Obed"))
    sign_in(browser, email="driver@example.com")
    refused = browser.get("/trips")
    assert refused.status_code == 403
    assert "Your account may not see this" in refused.text
