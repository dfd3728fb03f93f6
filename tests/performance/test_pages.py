"""The dashboard's pages: what they show, to whom, and what they say when there is nothing or something is wrong."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import select, text

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.performance.advisor.models import Advice, AdviceCheck
from falconbus.performance.jobs import ADVISE
from falconbus.platform.jobs import OutboxRow
from falconbus.platform.kit import clock
from falconbus.platform.telemetry.models import TelemetryStatement
from tests.accounts.signing import signed_in
from tests.calls import bearer, hold, pay
from tests.performance.measured import FINGERPRINT, LINE, QUIET, SLOW, SQL, words_of
from tests.world import World

PAGES = [
    "",
    "/statements",
    "/repeated",
    "/advice",
    "/caches",
    "/workers",
    "/database",
    "/health",
    "/compare",
]


@pytest.mark.parametrize("path", [*PAGES, "/endpoint", "/statements/0123456789abcdef", "/compare/1"])
def test_nobody_but_those_who_may_sees_a_page(path: str, client: FlaskClient, database: SQLAlchemy) -> None:
    assert client.get(f"/performance{path}").status_code == 401
    assert client.get(f"/performance{path}", headers=signed_in(Role.OPERATOR)).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_a_page_without_data_has_its_frame_and_needs_nothing_inline(
    path: str, admin: FlaskClient, redis: Redis
) -> None:
    answer = admin.get(f"/performance{path}")
    assert answer.status_code == 200
    assert answer.text.count('aria-current="page"') == 1
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert not re.search(r"<[^>]*\s(style|on[a-z]+)=|<style|<script(?![^>]*(src=|application/json))", answer.text)
    for table in re.findall(r"<table.*?</table>", answer.text, re.DOTALL):
        assert "<caption" in table or 'class="rows"' in table
        assert 'scope="col"' in table


def test_the_empty_overview_says_what_will_appear(admin: FlaskClient, redis: Redis) -> None:
    words = words_of(admin.get("/performance").text)
    assert "No requests in this period As soon as somebody calls the API" in words


def test_the_overview_names_what_stands_out_with_its_remedy(admin: FlaskClient, measured: None) -> None:
    page = admin.get("/performance").text
    words = words_of(page)
    assert f"{LINE} sends a statement 19 times a request" in words
    assert f"{SLOW} failed 1 of 2 times" in words
    assert "tests.send_mail failed 1 of 2 times" in words
    assert "broke its query budget in 2 requests" in words
    assert page.index("failed 1 of 2 times") < page.index("sends a statement 19 times"), "what fails comes first"


@pytest.mark.parametrize(
    ("status", "days", "words"),
    [
        ("failed", 0, "1 refunds failed, the oldest for"),
        ("due", 2, "1 refunds are due by hand, the oldest for"),
        ("pending", 2, "1 refunds wait for their provider, the oldest for"),
        ("due", 0, None),
        ("pending", 0, None),
        ("done", 2, None),
    ],
)
def test_refunds_that_nobody_pays_stand_out(
    status: str, days: int, words: str | None, world: World, admin: FlaskClient, redis: Redis, database: SQLAlchemy
) -> None:
    held = hold(admin, world.add_schedule().id)
    pay(admin, held)
    admin.post(f"/api/v1/bookings/{held['reference']}/cancel", json={}, headers=bearer(held["manage_token"]))
    owed = {"status": status, "at": clock.now() - timedelta(days=days), "now": clock.now()}
    changed = "UPDATE refunds SET status = :status, created_at = :at, error = 'why', settled_at = :now"
    database.session.execute(text(changed), owed)
    database.session.commit()
    page = admin.get("/performance").text
    assert (words in words_of(page)) if words else ("refunds" not in words_of(page))
    assert (f'href="/api/v1/refunds?status={status}"' in page) is (words is not None)


def test_endpoints_are_sorted_as_asked_for(admin: FlaskClient, measured: None) -> None:
    def order(sort: str) -> bool:
        table = admin.get(f"/performance?sort={sort}").text.partition('id="endpoints"')[2]
        assert SLOW in table
        assert f'aria-sort="{"ascending" if sort == "key" else "descending"}"' in table
        return table.index(f">{SLOW}<") < table.index(f">{QUIET}<")

    assert order("p95")
    assert not order("requests")


def test_links_keep_the_period(admin: FlaskClient, measured: None) -> None:
    page = admin.get("/performance?last=24h").text
    assert page.count("last=24h") > 15
    assert 'last=24h" aria-current="true"' in page
    assert "Johannesburg time" in page


def test_an_own_range_is_local_time(admin: FlaskClient, measured: None) -> None:
    page = admin.get("/performance?from=2026-01-02T03:04&to=2026-01-02T05:06").text
    assert 'datetime="2026-01-02T03:04:00+02:00"' in page


def test_an_endpoint_shows_its_slow_request_step_by_step(admin: FlaskClient, measured: None) -> None:
    page = admin.get("/performance/endpoint", query_string={"key": SLOW}).text
    words = words_of(page)
    assert "the-slow-request" in page
    assert "Statements: 1, 2 ms together. Cache calls: 1, 300 µs." in words
    assert SQL in words
    assert QUIET not in words
    assert re.search(r'<rect class="step-statement" x="[\d.]+" width="[\d.]+"', page)
    assert 'fill-opacity="' in page, "the heat map"


def test_repeated_statements_show_line_cost_and_statement(admin: FlaskClient, measured: None) -> None:
    words = words_of(admin.get("/performance/repeated").text)
    assert "19 times a request" in words
    assert LINE in words
    assert SQL in words


def test_caches_and_workers_show_the_period_and_the_present(admin: FlaskClient, measured: None) -> None:
    caches = words_of(admin.get("/performance/caches").text)
    assert "search 66.7 % 2 1 0 0" in caches
    assert "fare_classes" in caches, "groups that nobody asked are there too"
    workers = words_of(admin.get("/performance/workers").text)
    assert "tests.send_mail 2 1" in workers


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("?last=2h", 422, "There is no such period"),
        ("?from=2026-02-02T00:00&to=2026-02-01T00:00", 422, "must be before"),
        ("?from=soon", 422, "is not a date with a time"),
        ("?sort=colour", 422, "cannot be sorted by that"),
        ("/endpoint", 404, "Choose an endpoint"),
        ("/endpoint?key=GET%20/never", 404, "No such endpoint"),
        ("/statements/nothing", 404, "No statement has this fingerprint"),
        ("/compare/999", 404, "There is no such comparison"),
    ],
)
def test_what_is_wrong_is_told_inside_the_frame(
    address: str, status: int, words: str, admin: FlaskClient, measured: None
) -> None:
    answer = admin.get(f"/performance{address}")
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert words in words_of(answer.text)
    assert 'aria-label="Performance"' in answer.text


def test_without_redis_the_pages_answer_and_say_what_is_missing(
    admin: FlaskClient, app: FalconBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.25) as nobody:
        monkeypatch.setitem(app.extensions, "cache_redis", nobody)
        for path in ("", "/statements", "/repeated", "/workers"):
            answer = admin.get(f"/performance{path}")
            assert answer.status_code == 200
            assert "Redis does not answer, so the last one to two minutes are missing" in words_of(answer.text)


def test_a_cleared_group_is_said_so(admin: FlaskClient, measured: None) -> None:
    answer = admin.post("/performance/caches/clear", data={"group": "search"})
    assert (answer.status_code, answer.location) == (303, "/performance/caches?notice=cleared")
    assert "The group is cleared" in words_of(admin.get(answer.location).text)
    everything = admin.post("/performance/caches/clear")
    assert everything.location.endswith("notice=cleared-all")
    unknown = admin.post("/performance/caches/clear", data={"group": "everything"})
    assert unknown.status_code == 422
    assert "the groups are search" in words_of(unknown.text)


@pytest.mark.parametrize("path", ["/caches/clear", "/caches/warm", "/compare"])
def test_who_may_not_tend_changes_nothing(path: str, client: FlaskClient, database: SQLAlchemy) -> None:
    assert client.post(f"/performance{path}", headers=signed_in(Role.OPERATOR)).status_code == 403


def test_an_index_is_looked_for_by_a_worker(admin: FlaskClient, measured: None, database: SQLAlchemy) -> None:
    kept = TelemetryStatement(fingerprint=FINGERPRINT, text=SQL, types=["bigint"], chain=[LINE], first_seen=clock.now())
    database.session.add(kept)
    database.session.commit()
    before = words_of(admin.get(f"/performance/statements/{FINGERPRINT}").text)
    assert "Nobody has looked yet" in before
    answer = admin.post(f"/performance/statements/{FINGERPRINT}/advice")
    assert answer.status_code == 303
    page = admin.get(answer.location).text
    assert "A worker tries indexes" in words_of(page)
    assert 'hx-trigger="every 2s"' in page
    assert '<meta http-equiv="refresh"' in page
    row = database.session.scalars(select(OutboxRow).where(OutboxRow.job == ADVISE.name)).one()
    assert row.arguments == {"fingerprint": FINGERPRINT}
    row.done_at = clock.now()
    database.session.add(AdviceCheck(fingerprint=FINGERPRINT, checked_at=clock.now(), proven=0, reason="it is small"))
    database.session.commit()
    after = admin.get(f"/performance/statements/{FINGERPRINT}").text
    assert "it is small" in after
    assert "Look again" in after
    assert "hx-get" not in after
    assert admin.post("/performance/statements/fedcba9876543210/advice").status_code == 404


def test_proven_advice_is_shown_with_its_migration_until_it_is_dismissed(
    admin: FlaskClient, redis: Redis, database: SQLAlchemy
) -> None:
    scan = {"Plan": {"Node Type": "Seq Scan", "Relation Name": "planted"}}
    lookup = {"Plan": {"Node Type": "Index Scan", "Relation Name": "planted", "Index Name": "ix_planted_kind"}}
    advice = Advice(
        fingerprint=FINGERPRINT, state="open", table_schema="public", table_name="planted", keys=["kind"],
        index_name="ix_planted_kind", definition="CREATE INDEX ix_planted_kind ON planted (kind)", before_ms=40.0,
        after_ms=0.5, sample_rows=1000, sample_share=0.1, index_bytes=100_000, mean_ms=80.0, calls_per_hour=100.0,
        plan_before=scan, plan_after=lookup, found_at=clock.now(), proven_at=clock.now(),
    )  # fmt: skip
    database.session.add(advice)
    database.session.commit()
    page = admin.get("/performance/advice").text
    words = words_of(page)
    assert "40 ms → 500 µs" in words
    assert "reads the whole table" in words
    assert "op.create_index" in page or "CREATE INDEX" in page
    assert "An index on planted (kind) is missing" in words_of(admin.get("/performance").text)
    answer = admin.post(f"/performance/advice/{advice.id}/dismiss")
    assert answer.status_code == 303
    after = words_of(admin.get(answer.location).text)
    assert "No index to add" in after
    assert "Dismissed or no longer of help: 1" in after
    assert admin.post(f"/performance/advice/{advice.id}/dismiss").status_code == 409
    assert admin.post("/performance/advice/999/dismiss").status_code == 404
