"""Comparing two releases or two stretches of time on the pages."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from falconbus.accounts.models import Role
from falconbus.performance.release_comparison.models import Comparison
from falconbus.performance.release_comparison.results import Change, Direction, EndpointVerdict, Result, Verdict
from falconbus.platform.kit import clock
from falconbus.platform.telemetry.models import TelemetryRelease
from tests.accounts.signing import signed_in

RANGE = {"from": "2026-01-02T03:00", "to": "2026-01-02T04:00"}


@pytest.fixture
def admin(client: FlaskClient, database: SQLAlchemy) -> FlaskClient:
    """A client signed in as an admin; two releases have run."""
    now = clock.now()
    for name, days in (("1.0", 3), ("1.1", 1)):
        seen = {"first_seen": now - timedelta(days=days), "last_seen": now - timedelta(days=days - 1)}
        database.session.add(TelemetryRelease(name=name, **seen))
    database.session.commit()
    client.environ_base["HTTP_AUTHORIZATION"] = signed_in(Role.ADMIN)["Authorization"]
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    return client


def test_the_form_offers_the_newest_release_against_the_one_before(admin: FlaskClient) -> None:
    page = admin.get("/performance/compare").text
    before, after = page.partition('name="candidate_release"')[::2]
    assert '<option value="1.0" selected>' in before
    assert '<option value="1.1" selected>' in after


def test_a_comparison_waits_for_a_worker_and_looks_again_by_itself(admin: FlaskClient, database: SQLAlchemy) -> None:
    answer = admin.post("/performance/compare", data={"baseline_release": "1.0", "candidate_release": "1.1"})
    assert answer.status_code == 303
    page = admin.get(answer.location).text
    assert "Release 1.0 against release 1.1" in page
    assert "Waiting for a worker" in page
    assert 'hx-trigger="every 2s"' in page
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page, "also without script"
    assert '"includeIndicatorStyles": false' in page
    assert database.session.scalar(select(Comparison.state)) == "queued"


def test_a_stretch_of_time_is_local(admin: FlaskClient, database: SQLAlchemy) -> None:
    form = {f"baseline_{end}": at for end, at in RANGE.items()} | {"candidate_release": "1.1"}
    assert admin.post("/performance/compare", data=form).status_code == 303
    begin = database.session.scalars(select(Comparison.baseline_from)).one()
    assert begin is not None
    assert begin.isoformat() == "2026-01-02T01:00:00+00:00"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"candidate_release": "9.9"}, 404),
        ({"candidate_release": "1.0"}, 422),
        ({"candidate_release": "", "candidate_from": RANGE["to"], "candidate_to": RANGE["from"]}, 422),
        ({"candidate_release": "", "candidate_from": "soon", "candidate_to": RANGE["to"]}, 422),
        ({"candidate_release": ""}, 422),
    ],
)
def test_what_cannot_be_compared_is_refused_on_a_page(
    changes: dict[str, str], status: int, admin: FlaskClient, database: SQLAlchemy
) -> None:
    answer = admin.post("/performance/compare", data={"baseline_release": "1.0", **changes})
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert 'role="alert"' in answer.text
    assert '<option value="1.0" selected>' in answer.text, "what was chosen stays"
    assert f'name="candidate_to" value="{changes.get("candidate_to", "")}"' in answer.text
    assert database.session.scalars(select(Comparison)).all() == []


def test_the_result_says_what_changed_and_how_sure_it_is(admin: FlaskClient, database: SQLAlchemy) -> None:
    same = Change(Direction.UNCHANGED, 1_000.0, 1_010.0, 0.01, -0.02, 0.04)
    slower = Change(Direction.HIGHER, 10_000.0, 14_000.0, 0.4, 0.31, 0.5)
    none = Change(Direction.UNCHANGED, 0.0, 0.0, 0.0, 0.0, 0.0)
    endpoints = [
        EndpointVerdict("GET /tests/slow", Verdict.SLOWER, 900, 800, same, slower, none, none),
        EndpointVerdict("GET /tests/same", Verdict.UNCHANGED, 900, 800, same, same, none, none),
    ]
    now = clock.now()
    comparison = Comparison(
        state="queued", baseline_release="1.0", candidate_release="1.1", requested_at=now, verdicts={}
    )
    comparison.finish(Result(endpoints, notes=["the machine was busy"]))
    database.session.add(comparison)
    database.session.commit()
    page = admin.get(f"/performance/compare/{comparison.id}").text.replace("\u00a0", " ")
    assert page.index("GET /tests/slow") < page.index("GET /tests/same")
    assert "10 ms → 14 ms, +40 %" in page
    assert "+31 % to +50 %" in page
    assert "the machine was busy" in page
    assert "hx-get" not in page, "there is nothing left to wait for"
    listed = admin.get("/performance/compare").text
    assert "1 slower" in listed
    assert "1 unchanged" in listed
    overview = admin.get("/performance").text
    assert "Release 1.1 made GET /tests/slow slower" in overview
