"""Comparisons over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from falconbus.accounts.models import Role
from falconbus.performance.release_comparison import service
from falconbus.platform.database import transactions
from falconbus.platform.jobs import OutboxRow
from falconbus.platform.kit import clock
from tests.accounts.signing import signed_in
from tests.counting import statements
from tests.performance.release_comparison.recorded import ENDPOINT, ran, release

ADDRESS = "/api/v1/performance/comparisons"
BEGIN = "2026-11-01T00:00:00Z"


@pytest.fixture
def admin(database: SQLAlchemy) -> dict[str, str]:
    headers = signed_in(Role.ADMIN)
    begin = (clock.now() - timedelta(hours=4)).replace(second=0, microsecond=0)
    for number, (name, took) in enumerate((("old", 5000), ("new", 9000))):
        ran(release(name, begin + timedelta(hours=2 * number), 60), begin + timedelta(hours=2 * number), 60, took)
    transactions.commit()
    return headers


def asked(baseline: Any, candidate: Any) -> dict[str, Any]:
    return {"baseline": baseline, "candidate": candidate}


RELEASES = asked({"release": "old"}, {"release": "new"})


def work(database: SQLAlchemy) -> None:
    """What the worker does with the waiting jobs."""
    for job in database.session.scalars(select(OutboxRow).where(OutboxRow.done_at.is_(None))).all():
        service.run_comparison(job.arguments["comparison_id"], job.id)
    transactions.commit()


def test_strangers_and_operators_may_not(client: FlaskClient, database: SQLAlchemy) -> None:
    assert client.post(ADDRESS, json=RELEASES).status_code == 401
    assert client.get(ADDRESS).status_code == 401
    for role in (Role.OPERATOR, Role.DRIVER):
        headers = signed_in(role)
        assert client.post(ADDRESS, json=RELEASES, headers=headers).status_code == 403
        assert client.get(f"{ADDRESS}/1", headers=headers).status_code == 403


def test_a_comparison_is_asked_for_made_and_read(
    client: FlaskClient, admin: dict[str, str], database: SQLAlchemy
) -> None:
    answer = client.post(ADDRESS, json=RELEASES, headers=admin)
    assert (answer.status_code, answer.json["state"]) == (202, "queued")
    address = f"{ADDRESS}/{answer.json['id']}"
    queued = client.get(address, headers=admin).json
    assert (queued["state"], queued["result"], queued["verdicts"]) == ("queued", None, {})
    work(database)
    done = client.get(address, headers=admin).json
    assert (done["state"], done["verdicts"]) == ("done", {"slower": 1})
    assert done["baseline"] == {"release": "old", "from": None, "to": None}
    (endpoint,) = done["result"]["endpoints"]
    assert (endpoint["endpoint"], endpoint["verdict"]) == (ENDPOINT, "slower")
    assert endpoint["p50"]["low"] < endpoint["p50"]["change"] < endpoint["p50"]["high"]
    assert client.get(ADDRESS, headers=admin).json["results"][0]["verdicts"] == {"slower": 1}


def test_reading_costs_one_statement_for_one_and_for_twenty(
    client: FlaskClient, admin: dict[str, str], database: SQLAlchemy
) -> None:
    costs = []
    for _ in range(2):
        with statements() as sent:
            assert client.get(ADDRESS, headers=admin).status_code == 200
        costs.append(len([one for one in sent if "performance_comparisons" in one]))
        for _ in range(20):
            client.post(ADDRESS, json=RELEASES, headers=admin)
    assert costs == [1, 1], sent


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (asked({"release": "old"}, {"release": "never"}), 404, "release_not_found"),
        (asked({"release": "old"}, {"release": "old"}), 422, "invalid"),
        (asked({"release": "old"}, {"from": "2026-11-02T00:00:00Z", "to": BEGIN}), 422, "invalid"),
        (asked({"release": "old"}, {"from": BEGIN, "to": BEGIN}), 422, "invalid"),
        (asked({"release": "old"}, {}), 422, "invalid"),
        (asked({"release": "old"}, {"release": "new", "from": BEGIN}), 422, "invalid"),
        (asked({"release": "old"}, {"from": "0001-01-01T00:00:00+14:00", "to": BEGIN}), 422, "invalid"),
        (
            asked({"release": "old"}, {"from": "9999-12-31T23:00:00-14:00", "to": "9999-12-31T23:30:00-14:00"}),
            422,
            "invalid",
        ),
        (asked({"release": "old"}, {"from": "2026-11-01T00:00:00", "to": "2026-11-01T01:00:00"}), 422, "invalid"),
        (asked({"release": "old"}, {"release": "x" * 65}), 422, "invalid"),
        ({"baseline": {"release": "old"}}, 422, "invalid"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_queued(
    client: FlaskClient, admin: dict[str, str], database: SQLAlchemy, body: dict[str, Any], status: int, code: str
) -> None:
    answer = client.post(ADDRESS, json=body, headers=admin)
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.json
    assert service.list_comparisons() == []


def test_a_comparison_that_is_not_there_is_not_found(client: FlaskClient, admin: dict[str, str]) -> None:
    assert client.get(f"{ADDRESS}/99", headers=admin).json["code"] == "comparison_not_found"
