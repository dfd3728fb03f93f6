"""Jobs that are owed are seen, and tried again by a person: by API, page and command line."""

from datetime import datetime, timedelta
from itertools import chain

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.gtfs.jobs import IMPORT_FEED
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.jobs import Job
from falconbus.platform.kit import clock
from falconbus.platform.mailing.jobs import SEND_MAIL
from tests.accounts.signing import add_user, signed_in, token_for
from tests.calls import bearer
from tests.workers import a_worker_lives

JOBS = "/api/v1/jobs"


def owe(database: SQLAlchemy, ago: timedelta = timedelta(0), job: Job = SEND_MAIL, **changed: datetime | str) -> int:
    """A job that was enqueued some time ago, and what became of it; its id."""
    with time_machine.travel(clock.now() - ago, tick=False):
        transactions.run(lambda: jobs.enqueue(job, mail_id=7))
    job_id = int(database.session.execute(text("SELECT max(id) FROM outbox")).scalar_one())
    for column, value in changed.items():
        database.session.execute(
            text(f"UPDATE outbox SET {column} = :value WHERE id = :id"),
            {"value": value, "id": job_id},
        )
    database.session.commit()
    return job_id


def admin() -> dict[str, str]:
    return bearer(token_for(add_user("boss@falconbus.example", Role.ADMIN)))


@pytest.fixture
def one_of_each(database: SQLAlchemy) -> dict[str, list[int]]:
    """The ids of jobs by state; done ones and old imports beside them."""
    now, hour = clock.now(), timedelta(hours=1)
    owe(database, hour, done_at=now)
    return {
        "failed": [owe(database, hour, failed_at=now, last_error="SMTP 550 5.1.1: the recipient was refused")],
        "late": [
            owe(database, hour),
            owe(database, hour, handed_over_at=now - hour, run_after=now + timedelta(seconds=60)),
            owe(database, hour, last_error="nobody answers", run_after=now + timedelta(minutes=15)),
            owe(database, hour, IMPORT_FEED, last_error="its worker never came back", run_after=now + hour),
        ],
        "running": [
            owe(database, hour, handed_over_at=now - hour, begun_at=now, run_after=now + timedelta(seconds=60)),
            owe(database, hour, IMPORT_FEED, begun_at=now - hour, run_after=now + hour),
        ],
        "waiting": [
            owe(database),
            owe(database, hour, run_after=now + hour),
            owe(database, hour, IMPORT_FEED, run_after=now - timedelta(minutes=50)),
        ],
    }


@pytest.mark.parametrize("state", ["failed", "late", "running", "waiting"])
def test_owed_jobs_are_listed_by_how_they_fare(
    state: str, client: FlaskClient, one_of_each: dict[str, list[int]]
) -> None:
    rows = client.get(f"{JOBS}?state={state}", headers=admin()).json["results"]
    assert sorted(row["id"] for row in rows) == one_of_each[state]
    assert {row["state"] for row in rows} == {state}


def test_all_that_is_owed_is_listed_without_what_is_done(
    client: FlaskClient, one_of_each: dict[str, list[int]]
) -> None:
    rows = client.get(JOBS, headers=admin()).json["results"]
    assert sorted(row["id"] for row in rows) == sorted(chain.from_iterable(one_of_each.values()))
    [failed] = [row for row in rows if row["state"] == "failed"]
    assert failed["last_error"] == "SMTP 550 5.1.1: the recipient was refused"
    assert (failed["job"], failed["arguments"], failed["next_at"]) == ("messaging.send_mail", {"mail_id": 7}, None)


def test_only_admins_see_them_and_have_them_tried(client: FlaskClient, database: SQLAlchemy) -> None:
    job_id = owe(database, failed_at=clock.now())
    agent = bearer(token_for(add_user("agent@falconbus.example", Role.AGENT)))
    for headers, status in (({}, 401), (agent, 403)):
        assert client.get(JOBS, headers=headers).status_code == status
        assert client.post(f"{JOBS}/{job_id}/retry", headers=headers).status_code == status
    database.session.rollback()
    assert database.session.execute(text("SELECT failed_at IS NOT NULL FROM outbox")).scalar_one()


def test_a_failed_job_is_brought_back(client: FlaskClient, database: SQLAlchemy) -> None:
    now = clock.now()
    job_id, other = (owe(database, timedelta(days=1), failed_at=now) for _ in range(2))
    running = owe(database, begun_at=now, run_after=now + timedelta(seconds=60))
    done = owe(database, done_at=now)
    headers = admin()
    assert client.post(f"{JOBS}/{job_id}/retry", headers=headers).status_code == 204
    assert client.post(f"{JOBS}/{running}/retry", headers=headers).json["code"] == "job_running"
    assert client.post(f"{JOBS}/{done}/retry", headers=headers).json["code"] == "job_not_found"
    assert client.post(f"{JOBS}/999/retry", headers=headers).status_code == 404
    database.session.rollback()
    rows = database.session.execute(text("SELECT id FROM outbox WHERE failed_at IS NOT NULL")).scalars().all()
    assert rows == [other]


def test_health_is_degraded_while_owed_jobs_are_late_and_no_worse(client: FlaskClient, database: SQLAlchemy) -> None:
    owe(database, timedelta(days=1), failed_at=clock.now())
    owe(database, timedelta(minutes=4))
    a_worker_lives()
    answer = client.get("/api/health/").json
    assert (answer["status"], answer["jobs"]) == ("healthy", "healthy")
    with time_machine.travel(clock.now() + timedelta(minutes=6)):
        a_worker_lives()
        found = client.get("/api/health/")
        assert (found.status_code, found.json["status"], found.json["jobs"]) == (200, "degraded", "degraded")


def test_the_page_lists_them_and_its_buttons_bring_them_back(
    client: FlaskClient, database: SQLAlchemy, one_of_each: dict[str, list[int]]
) -> None:
    headers = signed_in(Role.ADMIN)
    page = client.get("/performance/workers", headers=headers).text
    [failed] = one_of_each["failed"]
    assert f"messaging.send_mail {failed}" in page
    assert "the recipient was refused" in page
    assert f"Try {one_of_each['late'][2]} now" in page
    assert "4 jobs are late" in client.get("/performance", headers=headers).text
    assert client.post(f"/performance/workers/jobs/{failed}/retry", headers=headers).status_code == 303
    assert "Try all failed again" in page
    assert "Try all failed again" not in client.get("/performance/workers", headers=headers).text
    assert client.post("/performance/workers/jobs/retry-failed", headers=headers).status_code == 303


def test_the_command_line_lists_them_and_brings_them_back(
    app: FalconBus, database: SQLAlchemy, one_of_each: dict[str, list[int]]
) -> None:
    runner = app.test_cli_runner()
    [failed] = one_of_each["failed"]
    shown = runner.invoke(args=["jobs", "list"]).output
    assert shown.index("the recipient was refused") < shown.index("nobody answers")
    assert runner.invoke(args=["jobs", "list", "--state", "late"]).output.count("messaging.send_mail") == 3
    assert runner.invoke(args=["jobs", "retry"]).exit_code == 2
    assert runner.invoke(args=["jobs", "retry", "--failed"]).output == "1 jobs run again\n"
    assert runner.invoke(args=["jobs", "retry", str(failed)]).output == f"{failed} runs again\n"
    assert runner.invoke(args=["jobs", "retry", "999"]).exit_code == 1
    database.session.rollback()
    assert database.session.execute(text("SELECT count(*) FROM outbox WHERE failed_at IS NOT NULL")).scalar_one() == 0
