"""Links to answer: the same for the same question, of no use once forged or too old."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.platform.kit import clock, references
from falconbus.scheduling.assignments.models import Assignment
from falconbus.scheduling.offer_links import links
from falconbus.scheduling.offer_links.errors import AnswerNotFound, LinkExpired
from tests.conftest import SECRET_KEY
from tests.scheduling.charters import add_assignment, add_charter, tomorrow
from tests.scheduling.offer_links.asking import page_of, words
from tests.scheduling.people import add_person


@pytest.fixture
def offer(database: SQLAlchemy) -> Assignment:
    """Dumi is asked for a charter; so is Obed, for another one."""
    add_assignment(add_charter(), add_person("obed", Role.DRIVER))
    return add_assignment(add_charter(), add_person("dumi", Role.DRIVER))


def test_a_link_is_the_same_each_time_and_tells_what_it_is_for(offer: Assignment, app: FalconBus) -> None:
    first, second = page_of(offer, app), page_of(offer, app)
    assert first == second
    with app.app_context():
        assert links.read(first.removeprefix("/answer/")) == (offer.id, offer.staff_id)


def test_it_holds_until_the_ride_and_for_thirty_days_at_most(offer: Assignment) -> None:
    assert links.expiry(offer) == offer.starts_at
    offer.starts_at = tomorrow(10, days=50)
    assert links.expiry(offer) == offer.offered_at + timedelta(days=30)


def test_a_forged_link_says_so_and_what_to_do(offer: Assignment, client: FlaskClient, app: FalconBus) -> None:
    token = page_of(offer, app).removeprefix("/answer/")
    value, _, signature = token.rpartition(".")
    assignment_id, staff_id, expires = value.split(".")
    other_use = references.signature(SECRET_KEY, "roster calendar", value)
    for forged in (
        value,
        token[:-1],
        f"{offer.id - 1}.{staff_id}.{expires}.{signature}",
        f"{assignment_id}.{offer.staff_id - 1}.{expires}.{signature}",
        f"{assignment_id}.{staff_id}.{int(expires) + 1}.{signature}",
        f"{value}.{other_use}",
        "é.1.1.x",
        "....",
        "%00",
    ):
        answer = client.get(f"/answer/{forged}", headers={"Accept": "text/html"})
        assert answer.status_code == 404, forged
        assert "We cannot find this question" in words(answer)
        assert 'href="/sign-in"' in answer.text
        assert client.post(f"/answer/{forged}/accept").status_code == 404
    with app.app_context(), pytest.raises(AnswerNotFound):
        links.read("x")


def test_an_expired_link_says_so_and_answers_nothing(
    offer: Assignment, client: FlaskClient, app: FalconBus, database: SQLAlchemy
) -> None:
    page = page_of(offer, app, expires_at=clock.now() - timedelta(seconds=1))
    answer = client.get(page)
    assert answer.status_code == 410
    assert "This link has expired" in words(answer)
    assert "Sign in to see your duties, or ask your operator" in words(answer)
    assert client.post(f"{page}/accept").status_code == 410
    with app.app_context(), pytest.raises(LinkExpired):
        links.read(page.removeprefix("/answer/"))
    database.session.refresh(offer)
    assert offer.status == "offered"
