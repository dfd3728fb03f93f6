"""Feeds over HTTP: handed in, imported by a worker, reported."""

import io
import os
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from falconbus.accounts.models import Role
from falconbus.gtfs import service, uploads
from falconbus.gtfs.options import ImportOptions
from falconbus.platform.database import transactions
from falconbus.platform.jobs import OutboxRow
from tests.accounts.signing import signed_in
from tests.counting import statements
from tests.gtfs.feeds import feed, packed, row, rows

ADDRESS = "/api/v1/gtfs/imports"


@pytest.fixture
def admin(database: SQLAlchemy) -> dict[str, str]:
    return signed_in(Role.ADMIN)


def upload(client: FlaskClient, headers: dict[str, str], content: bytes | None = None, **fields: Any) -> Any:
    content = packed(feed()).getvalue() if content is None else content
    return client.post(ADDRESS, data={"feed": (io.BytesIO(content), "feed.zip"), **fields}, headers=headers)


def work(database: SQLAlchemy) -> None:
    """What the worker does with the waiting jobs."""
    waiting = select(OutboxRow).where(OutboxRow.done_at.is_(None), OutboxRow.job == "gtfs.import_feed")
    for job in database.session.scalars(waiting).all():
        transactions.run(lambda job=job: service.run_import(job.arguments["import_id"], job.id))  # type: ignore[misc]


def test_strangers_may_not(client: FlaskClient, database: SQLAlchemy) -> None:
    assert upload(client, {}).status_code == 401
    assert upload(client, signed_in(Role.DRIVER)).status_code == 403
    assert client.get(ADDRESS).status_code == 401


def test_a_feed_is_imported_by_a_worker(client: FlaskClient, admin: dict[str, str], database: SQLAlchemy) -> None:
    answer = upload(client, admin, layout="sleeper-36", shift_dates="true", name="north", price_per_km="1")
    assert answer.status_code == 202
    assert answer.json["status"] == "queued"
    address = f"{ADDRESS}/{answer.json['id']}"
    assert client.get(address, headers=admin).json["counts"] == {}
    work(database)
    report = client.get(address, headers=admin).json
    assert (report["status"], report["feed"], report["filename"]) == ("done", "north", "feed.zip")
    assert report["counts"]["stops"] == 3
    assert report["finished_at"] is not None
    assert row("SELECT number FROM buses") == ("NORTH-001",)
    assert row("SELECT base_price FROM routes") == (27800,)
    assert row("SELECT content, user_id IS NOT NULL FROM feed_imports") == (None, True)
    assert row("SELECT done_at IS NOT NULL FROM outbox WHERE job = 'gtfs.import_feed'") == (True,)


def test_an_import_that_is_run_twice_is_done_once(
    client: FlaskClient, admin: dict[str, str], database: SQLAlchemy
) -> None:
    import_id = upload(client, admin).json["id"]
    work(database)
    before = row("SELECT max(id), count(*) FROM schedules")
    outbox_id = row("SELECT id FROM outbox WHERE job = 'gtfs.import_feed'")[0]
    transactions.run(lambda: service.run_import(import_id, outbox_id))
    assert row("SELECT max(id), count(*) FROM schedules") == before


def test_the_faults_of_a_feed_are_its_report(client: FlaskClient, admin: dict[str, str], database: SQLAlchemy) -> None:
    bad = packed(feed(stops=feed()["stops.txt"] + "d,Delta,-95,28\n")).getvalue()
    import_id = upload(client, admin, bad).json["id"]
    work(database)
    report = client.get(f"{ADDRESS}/{import_id}", headers=admin).json
    assert (report["status"], report["fault_count"]) == ("failed", 1)
    assert report["faults"] == [
        {
            "file": "stops.txt",
            "line": 5,
            "wrong": 'stop_lat "-95" is out of range',
            "remedy": "write degrees from -90 to 90",
        }
    ]
    assert rows("SELECT count(*) FROM stops") == [(0,)]
    assert row("SELECT done_at IS NOT NULL FROM outbox WHERE job = 'gtfs.import_feed'") == (True,)


@pytest.mark.parametrize("content", [b"", b"Dear Sir"])
def test_what_is_no_zip_is_a_fault_too(
    content: bytes, client: FlaskClient, admin: dict[str, str], database: SQLAlchemy
) -> None:
    import_id = upload(client, admin, content).json["id"]
    work(database)
    report = client.get(f"{ADDRESS}/{import_id}", headers=admin).json
    assert report["status"] == "failed"
    assert report["faults"][0]["wrong"].startswith("the file is not a ZIP")


def test_an_import_that_crashes_is_failed_with_its_reason(
    client: FlaskClient, admin: dict[str, str], database: SQLAlchemy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that breaks stands for what nobody has foreseen."""
    monkeypatch.setattr("falconbus.gtfs.importing.importer.fill_brand", lambda: 1 // 0)
    import_id = upload(client, admin).json["id"]
    work(database)
    report = client.get(f"{ADDRESS}/{import_id}", headers=admin).json
    assert report["status"] == "failed"
    assert report["faults"][0]["wrong"].startswith("the import crashed (ZeroDivisionError: ")
    assert rows("SELECT count(*) FROM stops") == [(0,)]
    assert row("SELECT done_at IS NOT NULL FROM outbox WHERE job = 'gtfs.import_feed'") == (True,)


def test_bad_trips_of_an_upload_are_left_out_when_asked(
    client: FlaskClient, admin: dict[str, str], database: SQLAlchemy
) -> None:
    files = feed(trips=feed()["trips.txt"] + "GONE,DAILY,T2\n")
    import_id = upload(client, admin, packed(files).getvalue(), skip_faulty="true").json["id"]
    work(database)
    report = client.get(f"{ADDRESS}/{import_id}", headers=admin).json
    assert (report["status"], report["fault_count"], report["counts"]["left_out"]) == ("done", 0, 1)
    assert report["left_out"] == [
        'trips.txt:3: route_id "GONE" is not in routes.txt; add it to routes.txt or leave the row out'
    ]


def test_bytes_arrive_as_they_were_sent(database: SQLAlchemy) -> None:
    content = os.urandom(3_000_000) + b"\x00\\\t\n"
    name = "odd\\name\t\n.zip"
    import_id = uploads.store(io.BytesIO(content), name, ImportOptions(feed="odd"), None)
    transactions.commit()
    assert row("SELECT filename, options ->> 'feed', status FROM feed_imports") == (name, "odd", "queued")
    with uploads.open_stored(import_id) as file:
        assert file.read() == content


@pytest.mark.parametrize(
    ("fields", "where"),
    [({"horizon_days": "x"}, "/horizon_days"), ({"colour": "red"}, "/colour"), ({"currency": "rand"}, "currency"),
     ({"name": "../x"}, "feed"), ({"price_per_km": "much"}, "price_per_km")],
)  # fmt: skip
def test_a_field_that_will_not_do_is_named(
    fields: dict[str, Any], where: str, client: FlaskClient, admin: dict[str, str]
) -> None:
    answer = upload(client, admin, **fields)
    assert answer.status_code == 422
    assert [error.get("pointer") or error.get("parameter") for error in answer.json["errors"]] == [where]


def test_other_bodies_are_refused(client: FlaskClient, admin: dict[str, str]) -> None:
    assert client.post(ADDRESS, json={}, headers=admin).status_code == 415
    missing = client.post(ADDRESS, data={"shift_dates": "1"}, content_type="multipart/form-data", headers=admin)
    assert missing.status_code == 422
    assert missing.json["errors"][0]["pointer"] == "/feed"


def test_a_body_past_100_megabytes_is_refused_unread(client: FlaskClient, admin: dict[str, str]) -> None:
    announced = {"CONTENT_LENGTH": str(101 * 1024**2), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    assert client.post(ADDRESS, headers=admin, environ_overrides=announced).status_code == 413


def test_the_list_is_short_newest_first_and_costs_one_statement(
    client: FlaskClient, admin: dict[str, str], database: SQLAlchemy
) -> None:
    ids = [upload(client, admin).json["id"] for _ in range(3)]
    with statements() as sent:
        page = client.get(f"{ADDRESS}?page_size=2", headers=admin).json
    assert [item["id"] for item in page["results"]] == [ids[2], ids[1]]
    assert set(page["results"][0]) == {"id", "status", "filename", "created_at", "finished_at"}
    assert page["next"]
    assert len([statement for statement in sent if "feed_imports" in statement]) == 1
    assert client.get(f"{ADDRESS}/999", headers=admin).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [("layout", "\0"), ("layout", "coach\x7f"), ("name", "a\0"), ("currency", "XXX"), ("currency", "\0"),
     ("price_per_km", "\0"), ("currency", "XAU")],
)  # fmt: skip
def test_options_that_no_import_takes_are_refused_with_the_upload(
    client: FlaskClient, admin: dict[str, str], field: str, value: str
) -> None:
    answer = upload(client, admin, None, **{field: value})
    assert (answer.status_code, answer.json["code"]) == (422, "bad_import_option")
    assert answer.json["errors"][0]["parameter"].endswith("feed" if field == "name" else field)
    assert rows("SELECT id FROM feed_imports") == []
