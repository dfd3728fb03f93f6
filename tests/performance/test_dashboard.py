"""The dashboard's JSON: right sums and percentiles, whoever saw them and wherever they are kept."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts import service as accounts
from falconbus.accounts.models import Role
from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.platform.telemetry.minute_counts import Minute, Sample, Series, Statement, Step
from falconbus.platform.telemetry.models import Resolution, TelemetrySample, TelemetryStatement
from tests.calls import bearer
from tests.counting import statements
from tests.performance.telemetry import mark_rolled, release, roll, series, write

ADDRESS = "/api/v1/performance/dashboard"
STOPS, OTHER = ("endpoint", "GET /api/v1/stops"), ("endpoint", "POST /api/v1/bookings")
LOOKUP = ("statement", "GET /api/v1/stops", "f" * 16, "falconbus/search/queries.py:10 stops")


@pytest.fixture
def minute(database: SQLAlchemy) -> Iterator[datetime]:
    """The begin of a minute a little ago; Redis has no telemetry before and after."""
    cache_redis().flushdb()
    yield clock.now().replace(second=0, microsecond=0) - timedelta(minutes=10)
    cache_redis().flushdb()


@pytest.fixture
def admin(database: SQLAlchemy) -> dict[str, str]:
    return signed_in(database, "admin@example.com", Role.ADMIN)


def signed_in(database: SQLAlchemy, email: str, role: Role) -> dict[str, str]:
    accounts.create_user(email, "a password of tests", [role], "Somebody")
    token = accounts.sign_in(email, "a password of tests")
    database.session.commit()
    return bearer(token.token)


def ask(client: FlaskClient, headers: dict[str, str], path: str = ADDRESS, **query: str) -> dict[str, Any]:
    answer = client.get(path, query_string=query, headers=headers)
    assert answer.status_code == 200, answer.json
    shown: dict[str, Any] = answer.json or {}
    return shown


def named(listed: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return next(one for one in listed if one["key"] == key)


def test_percentiles_counts_and_shares_are_those_of_what_was_measured(
    minute: datetime, client: FlaskClient, admin: dict[str, str]
) -> None:
    counted = {"_5xx": 2, "_4xx": 5, "queries": 300, "sql_us": 1_010_000, "cache_hit": 60, "cache_miss": 20}
    roll(STOPS, minute, series(range(1, 101), **counted, over_budget=3, repeated=50))
    roll(OTHER, minute, series([1000.0] * 10, queries=10))
    roll(STOPS, minute - timedelta(hours=5), series([9000.0] * 50))
    shown = ask(client, admin)
    stops = named(shown["endpoints"], STOPS[1])
    assert (stops["method"], stops["rule"]) == ("GET", "/api/v1/stops")
    assert (stops["requests"], stops["errors"], stops["refusals"], stops["over_budget"]) == (100, 2, 5, 3)
    for name, expected in (("p50_ms", 50), ("p95_ms", 95), ("p99_ms", 99)):
        assert stops[name] == pytest.approx(expected, rel=0.025)
    assert stops["mean_ms"] == 50.5
    assert (stops["queries_per_request"], stops["repeated_per_request"]) == (3.0, 0.5)
    assert (stops["sql_share"], stops["cache_hit_share"]) == (0.2, 0.75)
    assert stops["time_share"] == pytest.approx(5050 / 15050, abs=1e-4)
    totals = shown["totals"]
    assert (totals["requests"], totals["errors"], totals["error_share"]) == (110, 2, round(2 / 110, 4))
    assert totals["per_second"] == pytest.approx(110 / shown["period"]["seconds"], rel=1e-3)
    assert totals["p95_ms"] == pytest.approx(1000, rel=0.02)


def test_each_slot_has_its_own_figures_and_gaps_stay_empty(
    minute: datetime, client: FlaskClient, admin: dict[str, str]
) -> None:
    roll(STOPS, minute, series([10.0] * 20, _5xx=1), release_id=1)
    roll(STOPS, minute, series([1000.0] * 2), release_id=2)
    roll(OTHER, minute + timedelta(minutes=1), series([30.0]))
    shown = ask(client, admin)
    line, period = shown["series"], shown["period"]
    assert (period["resolution_seconds"], period["slots"]) == (60, len(line["at"]))
    assert 60 <= period["slots"] <= 62
    slot = line["at"].index(minute.isoformat().replace("+00:00", "Z"))
    assert line["requests"][slot : slot + 3] == [22, 1, 0]
    assert (line["errors"][slot], line["per_second"][slot]) == (1, pytest.approx(22 / 60, rel=1e-3))
    assert line["p95_ms"][slot] == pytest.approx(1000, rel=0.02)
    assert line["p50_ms"][slot + 1] == pytest.approx(30, rel=0.02)
    assert line["p50_ms"][slot + 2] is None
    stops = named(shown["endpoints"], STOPS[1])
    assert stops["requests_by_slot"][slot : slot + 2] == [22, 0]
    assert stops["p95_by_slot"][slot] == pytest.approx(1000, rel=0.02)
    assert sum(line["requests"]) == 23


def test_all_processes_are_summed_and_a_minute_that_was_rolled_up_counts_once(
    minute: datetime, client: FlaskClient, admin: dict[str, str]
) -> None:
    roll(STOPS, minute, series([5.0] * 100))
    mark_rolled(minute)
    late = minute + timedelta(minutes=1)
    for number in range(4):
        seen = {STOPS: series([5.0] * 10, _4xx=1), LOOKUP: series([1.0] * 10)}
        known = {LOOKUP[2]: Statement("SELECT $1", [], [LOOKUP[3]])}
        write(f"process {number}", {minute: Minute("1", dict(seen)), late: Minute("1", dict(seen), [], known)})
    shown = ask(client, admin)
    stops = named(shown["endpoints"], STOPS[1])
    assert (stops["requests"], stops["refusals"]) == (100 + 4 * 10, 4)
    assert sum(shown["series"]["requests"]) == 140
    lookup = shown["statements"][0]
    # Of this statement nothing is rolled up: its minutes are both told.
    assert (lookup["text"], lookup["calls"]) == ("SELECT $1", 80)


@pytest.mark.parametrize(
    ("last", "resolution"),
    [("15m", Resolution.MINUTE), ("1h", Resolution.MINUTE), ("24h", Resolution.TEN_MINUTES),
     ("7d", Resolution.DAY), ("30d", Resolution.DAY)],
)  # fmt: skip
def test_a_period_has_slots_of_one_resolution_and_counts_everything_in_it_once(
    last: str, resolution: Resolution, minute: datetime, client: FlaskClient, admin: dict[str, str]
) -> None:
    spots = [minute - timedelta(hours=hours, minutes=back)
             for hours in (0, 1, 3, 30, 100, 200, 500, 900) for back in range(3)]  # fmt: skip
    for place, spot in enumerate(spots):
        roll(STOPS, spot, series([5.0 * (place + 1)] * 7, _5xx=1))
        roll(LOOKUP, spot, series([2.0] * 4, repeated=2, repeated_in=1))
    shown = ask(client, admin, last=last)
    period = shown["period"]
    assert (period["resolution_seconds"], period["slots"] <= 150) == (resolution, True)
    begin = datetime.fromisoformat(period["from"])
    inside = sum(spot >= begin for spot in spots)
    stops = named(shown["endpoints"], STOPS[1])
    assert (shown["totals"]["requests"], stops["requests"], stops["errors"]) == (inside * 7, inside * 7, inside)
    assert (sum(shown["series"]["requests"]), sum(stops["requests_by_slot"])) == (inside * 7, inside * 7)
    assert (shown["statements"][0]["calls"], shown["repeated"][0]["requests"]) == (inside * 4, inside)
    assert shown["totals"]["p99_ms"] == stops["p99_ms"]
    detail = ask(client, admin, "/api/v1/performance/endpoints", endpoint=STOPS[1], last=last)["endpoint"]
    assert {**stops, "time_share": None} == detail


def test_a_sparkline_has_the_percentile_of_all_releases_and_of_the_newest_minutes(
    minute: datetime, client: FlaskClient, admin: dict[str, str]
) -> None:
    hour = minute.replace(minute=0) - timedelta(hours=2)
    roll(STOPS, hour, series([10.0] * 100), release_id=1)
    roll(STOPS, hour, series([900.0] * 4), release_id=2)
    roll(STOPS, hour + timedelta(minutes=10), series([10.0] * 100))
    roll(STOPS, minute, series([10.0] * 60))
    write("web", {minute: Minute("1", {STOPS: series([700.0] * 40)})})
    shown = ask(client, admin, last="24h")
    stops = named(shown["endpoints"], STOPS[1])
    told = [value for value in stops["p95_by_slot"] if value is not None]
    assert told == pytest.approx([10, 10, 700], rel=0.02)
    assert [value for value in shown["series"]["p95_ms"] if value is not None] == told
    assert [count for count in stops["requests_by_slot"] if count] == [104, 100, 100]


def test_repeated_statements_are_told_with_their_line_and_what_to_write(
    minute: datetime, client: FlaskClient, admin: dict[str, str], database: SQLAlchemy
) -> None:
    text = "SELECT stops.id, stops.name FROM stops WHERE stops.id = $1"
    chain = [LOOKUP[3], "falconbus/search/service.py:20 find_stops"]
    # Of the tables that are read whole one has some thousand rows, the other hardly any: that is no finding.
    scans = [{"Node Type": "Seq Scan", "Relation Name": table} for table in ("pg_proc", "stops")]
    plan = {"Plan": {"Node Type": "Nested Loop", "Total Cost": 12.5, "Plans": scans}}
    database.session.add(
        TelemetryStatement(
            fingerprint=LOOKUP[2], text=text, types=["bigint"], chain=chain, first_seen=minute, plan=plan
        )
    )
    roll(LOOKUP, minute, series([2.0] * 60, repeated=50, repeated_in=10))
    roll(("statement", "task", "0" * 16, "elsewhere"), minute, series([1.0] * 30))
    shown = ask(client, admin)
    [repeated] = shown["repeated"]
    assert (repeated["owner"], repeated["origin"], repeated["chain"]) == (LOOKUP[1], LOOKUP[3], chain)
    assert (repeated["per_request"], repeated["requests"]) == (6.0, 10)
    assert repeated["ms_per_hour"] == pytest.approx(100 / (shown["period"]["seconds"] / 3600), rel=0.01)
    assert repeated["remedy"]["code"] == "select(Stop).where(Stop.id.in_(...))"
    heaviest = shown["statements"][0]
    assert (heaviest["text"], heaviest["calls"], heaviest["total_ms"]) == (text, 60, 120.0)
    assert (heaviest["owners"], heaviest["time_share"]) == ([LOOKUP[1]], 0.8)
    assert heaviest["plan"] == {"sequential_scans": ["pg_proc"], "indexes": [], "cost": 12.5}
    assert heaviest["p95_ms"] == pytest.approx(2, rel=0.02)


def test_caches_limits_tasks_queues_releases_and_the_recorder_are_told(
    minute: datetime, client: FlaskClient, admin: dict[str, str]
) -> None:
    release("2026.11", minute)
    release("long ago", minute - timedelta(days=3))
    roll(("cache", "search"), minute, series([0.2] * 10, hit=6, miss=2, stale=2))
    roll(("limit", "ratelimit_booking"), minute, Series(counters={"refused": 7}))
    roll(("task", "send_mail"), minute, series([100.0] * 4, ok=3, failed=1, retried=2, queries=8))
    roll(("queue", "mail"), minute, series([40.0] * 3))
    roll(("recorder",), minute, Series(counters={"flush_us": 5000, "dropped": 1}))
    roll(STOPS, minute, series([1.0] * 100))
    shown = ask(client, admin)
    [cache], [limit], [task], [queue] = (shown[name] for name in ("caches", "limits", "tasks", "queues"))
    assert (cache["group"], cache["hits"], cache["stale"], cache["hit_share"]) == ("search", 6, 2, 0.8)
    assert limit == {"name": "ratelimit_booking", "refused": 7}
    assert (task["runs"], task["failed"], task["retried"], task["queries_per_run"]) == (4, 1, 2, 2.0)
    assert (queue["messages"], queue["p50_ms"]) == (3, pytest.approx(40, rel=0.02))
    assert [one["name"] for one in shown["releases"]] == ["2026.11"]
    assert shown["totals"]["limited"] == 7
    assert shown["totals"]["recorder"] == {"flush_ms": 5.0, "microseconds_per_request": 50.0, "dropped": 1, "bytes": 0}


def test_endpoints_come_in_the_order_asked_for(minute: datetime, client: FlaskClient, admin: dict[str, str]) -> None:
    roll(STOPS, minute, series([10.0] * 50))
    roll(OTHER, minute, series([100.0] * 10, _5xx=1))
    roll(("endpoint", "GET /api/v1/a"), minute, series([1.0] * 20))
    for sort, first in (("time", OTHER[1]), ("requests", STOPS[1]), ("p95", OTHER[1]), ("key", "GET /api/v1/a")):
        assert ask(client, admin, sort=sort)["endpoints"][0]["key"] == first, sort


def test_one_endpoint_shows_its_durations_statements_and_slowest_requests(
    minute: datetime, client: FlaskClient, admin: dict[str, str], database: SQLAlchemy
) -> None:
    number = roll(STOPS, minute, series([10.0] * 9 + [500.0]))
    roll(OTHER, minute, series([10.0] * 99))
    roll(LOOKUP, minute, series([3.0] * 10))
    roll(("statement", OTHER[1], "1" * 16, "elsewhere"), minute, series([3.0] * 10))
    row = release("2026.11", minute)
    steps = [["statement", LOOKUP[2], LOOKUP[3], 100, 3000], ["cache", "search miss", "", 10, 50]]
    known = {"series_id": number, "at": minute, "status": 200, "release_id": row.id, "request_id": "abc"}
    database.session.add(TelemetrySample(**known, took_us=500_000, steps=steps))
    database.session.add(
        TelemetryStatement(fingerprint=LOOKUP[2], text="SELECT 1", types=[], chain=[], first_seen=minute)
    )
    database.session.commit()
    late = minute + timedelta(minutes=1)
    sample = Sample(STOPS[1], late.timestamp(), 700_000, 503, "def", [Step("statement", "2" * 16, "here", 1, 2)])
    write("other", {late: Minute("2026.12", {STOPS: series([700.0])}, [sample])})
    shown = ask(client, admin, "/api/v1/performance/endpoints", endpoint=STOPS[1])
    assert (shown["endpoint"]["requests"], sum(shown["series"]["requests"])) == (11, 11)
    assert sum(shown["heat"]["totals"]) == 11
    assert shown["heat"]["bands"][0]["low_ms"] <= 10 < shown["heat"]["bands"][0]["high_ms"]
    assert shown["heat"]["bands"][-1]["low_ms"] <= 700 < shown["heat"]["bands"][-1]["high_ms"]
    assert [one["fingerprint"] for one in shown["statements"]] == [LOOKUP[2]]
    assert [(one["ms"], one["release"], one["request_id"]) for one in shown["samples"]] == [
        (700.0, "2026.12", "def"), (500.0, "2026.11", "abc")]  # fmt: skip
    assert [(step["text"], step["at_ms"], step["ms"]) for step in shown["samples"][1]["steps"]] == [
        ("SELECT 1", 0.1, 3.0), ("", 0.01, 0.05)]  # fmt: skip


def test_one_statement_shows_who_sends_it_and_its_plan(
    minute: datetime, client: FlaskClient, admin: dict[str, str], database: SQLAlchemy
) -> None:
    plan = {"Plan": {"Node Type": "Result"}}
    text = "INSERT INTO stops (code) VALUES ($1)"
    database.session.add(
        TelemetryStatement(fingerprint=LOOKUP[2], text=text, types=["text"], chain=["a"], first_seen=minute, plan=plan)
    )
    roll(LOOKUP, minute, series([3.0] * 10, repeated=4, repeated_in=2))
    roll(("statement", "task", LOOKUP[2], "elsewhere"), minute, series([3.0] * 20))
    roll(("statement", "task", "1" * 16, "elsewhere"), minute, series([3.0] * 40))
    shown = ask(client, admin, f"/api/v1/performance/statements/{LOOKUP[2]}")
    assert (shown["statement"]["calls"], shown["statement"]["total_ms"], shown["plan"]) == (30, 90.0, plan)
    assert [(one["owner"], one["calls"]) for one in shown["owners"]] == [("task", 20), (LOOKUP[1], 10)]
    assert sum(shown["series"]["calls"]) == 30
    assert (shown["types"], shown["chain"]) == (["text"], ["a"])
    assert shown["remedy"]["code"] == "session.execute(insert(Stop), rows)"


def test_an_endpoint_without_requests_is_told_as_such(
    minute: datetime, client: FlaskClient, admin: dict[str, str]
) -> None:
    roll(("endpoint", "GET /api/v1/gone"), minute - timedelta(days=2), series([1.0]))
    for key in ("GET /api/v1/gone", "GET /api/v1/stops"):
        shown = ask(client, admin, "/api/v1/performance/endpoints", endpoint=key)
        assert (shown["endpoint"]["requests"], shown["endpoint"]["p95_ms"]) == (0, None)
        assert not any(shown["series"]["requests"])
        assert (shown["samples"], shown["statements"], shown["heat"]["bands"]) == ([], [], [])
    empty = ask(client, admin)
    assert (empty["totals"]["requests"], empty["endpoints"], empty["totals"]["error_share"]) == (0, [], None)


@pytest.mark.parametrize("endpoints", [1, 100])
def test_the_dashboard_costs_as_many_statements_for_one_endpoint_as_for_a_hundred(
    endpoints: int, minute: datetime, client: FlaskClient, admin: dict[str, str]
) -> None:
    for number in range(endpoints):
        key = f"GET /api/v1/things/{number}"
        roll(("endpoint", key), minute, series([5.0]))
        roll(("statement", key, f"{number:016d}", "line"), minute, series([5.0] * 2, repeated=1, repeated_in=1))
    with statements() as sent:
        shown = ask(client, admin)
    assert len(shown["endpoints"]) == endpoints
    # One of them asks who is calling.
    assert len(sent) == 6, "\n".join(sent)
