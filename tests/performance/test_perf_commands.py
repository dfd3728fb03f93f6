"""`perf cache-stats` and `perf bench` as a person calls them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import Result
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.app import FalconBus
from falconbus.performance.cache_benchmark.own_web import own_web
from falconbus.performance.commands import perf
from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.platform.telemetry.minute_counts import Minute
from tests.performance import telemetry
from tests.platform.runtime.processes import free_port, wait_until
from tests.world import World

GROUPS = ["search", "availability", "stops", "routes", "fare_classes", "brand"]
BENCHMARKED = ["search", "stops", "routes", "fare_classes"]


def run(app: FalconBus, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(perf, arguments)


def falcon(environment: dict[str, str], *arguments: str) -> list[str]:
    """The command line of a process of its own, and a mark by which its children are known."""
    settings = [f"{name}={value}" for name, value in environment.items()]
    return ["env", *settings, sys.executable, "-m", "falconbus", "perf", *arguments]


def webs_of(environment: dict[str, str]) -> list[int]:
    """The gunicorns that were told of the data folder of these tests."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            told = f"DATA_DIR={environment['DATA_DIR']}".encode() in (folder / "environ").read_bytes()
            if told and b"gunicorn" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


@contextmanager
def strange_system(status: int, **headers: str) -> Iterator[str]:
    """A server that is not ours: it answers everything in the same way."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def departures(world: World) -> World:
    """A line that can be searched for in the days to come."""
    for days in range(2, 8):
        world.add_schedule(days=days)
    # Answers made soon after a change are kept for a moment only: let it be long ago.
    cache_redis().flushdb()
    return world


def test_cache_stats_adds_rollups_and_the_newest_minutes_and_counts_the_keys(
    app: FalconBus, client: FlaskClient, departures: World, database: SQLAlchemy
) -> None:
    minute = clock.now().replace(second=0, microsecond=0)
    telemetry.release("r1", minute)
    telemetry.roll(("cache", "stops"), minute - timedelta(minutes=30), telemetry.series([1] * 9, hit=6, miss=3))
    telemetry.roll(("cache", "stops"), minute - timedelta(hours=3), telemetry.series([1] * 50, hit=50))
    telemetry.roll(("limit", "stops"), minute - timedelta(minutes=30), telemetry.series([], refused=77))
    tail = Minute(release="r1", series={("cache", "stops"): telemetry.series([1] * 3, stale=2, miss=1)})
    telemetry.write("p1", {minute - timedelta(minutes=1): tail})
    for size in (21, 22):
        assert client.get(f"/api/v1/stops?page_size={size}").headers["X-Cache"] == "MISS"
    answer = json.loads(run(app, "cache-stats", "--json").output)
    assert [group["group"] for group in answer["groups"]] == GROUPS
    stops = answer["groups"][GROUPS.index("stops")]
    assert {name: stops[name] for name in ("hits", "stale", "errors", "keys")} == {
        "hits": 6,
        "stale": 2,
        "errors": 0,
        "keys": 2,
    }
    # The two just made may be counted by now.
    assert stops["misses"] in {4, 5, 6}
    assert stops["hit_share"] == pytest.approx(8 / (8 + stops["misses"]), abs=0.0001)
    assert stops["bytes"] > 300
    assert (answer["groups"][0]["keys"], answer["groups"][0]["hit_share"]) == (0, None)
    assert answer["redis"]["used_memory"] > 0
    assert answer["redis"]["policy"] == "noeviction"
    assert run(app, "cache-stats", "--last", "24h", "--json").output.count('"hits": 56') == 1


def test_cache_stats_as_a_table(app: FalconBus, database: SQLAlchemy) -> None:
    minute = clock.now().replace(second=0, microsecond=0)
    telemetry.release("r1", minute)
    start = minute - timedelta(minutes=30)
    telemetry.roll(("cache", "routes"), start, telemetry.series([1] * 4, hit=2000, miss=1000, stale=1000))
    done = run(app, "cache-stats")
    assert done.exit_code == 0
    row = next(line.split() for line in done.output.splitlines() if line.startswith("  routes"))
    assert row == ["routes", "2,000", "1,000", "1,000", "0", "75.0", "%", "0", "0", "B"]
    assert "Nobody has asked" not in done.output
    assert "no limit" in done.output or "MB" in done.output


def test_cache_stats_of_a_system_that_nobody_has_used_says_what_to_do(app: FalconBus) -> None:
    done = run(app, "cache-stats", "--last", "30m")
    assert done.exit_code == 0
    assert "Nobody has asked for anything cached in this time: call some pages" in done.output
    assert all(f"  {group}" in done.output for group in GROUPS)


def test_a_time_that_is_none_gets_one_clear_line(app: FalconBus) -> None:
    for wrong in ("yesterday", "0h", "99999d", ""):
        done = run(app, "cache-stats", f"--last={wrong}")
        assert done.exit_code == 2
        assert "is no time: write 30m, 24h or 7d, at most 730d" in done.output


@pytest.mark.parametrize("command", ["cache-stats", "bench"])
def test_without_the_caches_redis_both_say_so_in_one_line(
    command: str, departures: World, environment: dict[str, str]
) -> None:
    away = {**environment, "CACHE_REDIS_URL": f"redis://127.0.0.1:{free_port()}/1"}
    done = subprocess.run(falcon(away, command), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "Error: the cache's Redis does not answer (ConnectionError): "
        "start it, or look at CACHE_REDIS_URL and REDIS_URL\n"
    )


def test_bench_starts_a_web_and_sees_each_address_made_and_then_found(
    app: FalconBus, departures: World, environment: dict[str, str]
) -> None:
    done = run(app, "bench", "--rounds", "3", "--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.output)
    assert answer["own_web"] is True
    assert answer["faults"] == []
    assert [group["group"] for group in answer["groups"]] == BENCHMARKED
    for group in answer["groups"]:
        assert len({each["address"] for each in group["tries"]}) == 3
        assert group["first_ms"] == sorted(each["first_ms"] for each in group["tries"])[1]
        assert group["ratio"] == round(group["first_ms"] / group["second_ms"], 1)
        assert [size["encoding"] for size in group["sizes"]] == ["gzip", "br", "zstd"]
    search = answer["groups"][0]
    pairs = ("origin=A&destination=D&date=", "origin=X&destination=Y&date=")
    assert all(any(pair in each["address"] for pair in pairs) for each in search["tries"])
    for size in search["sizes"]:
        assert size["bytes"] < search["plain_bytes"]
        assert size["saved"] == pytest.approx(1 - size["bytes"] / search["plain_bytes"], abs=0.001)
    assert webs_of(environment) == []


def test_bench_of_a_running_system_in_a_table_twice(app: FalconBus, departures: World) -> None:
    with own_web(app.config["SETTINGS"]) as url:
        for _ in range(2):
            done = run(app, "bench", "--url", f"{url}/", "--rounds", "2")
            assert done.exit_code == 0, done.output
            assert done.output.startswith(f"Asked: {url}\nsearch:\n")
            assert done.output.count("  Median ") == 4
            assert done.output.count("/api/v1/fare-classes?page_size=") == 2
            assert "% less)" in done.output


def test_bench_passes_over_addresses_that_are_cached_already(app: FalconBus, departures: World) -> None:
    with strange_system(200, X_Cache="HIT") as url:
        done = run(app, "bench", "--url", url, "--json")
    assert done.exit_code == 1
    faults = json.loads(done.output)["faults"]
    assert faults == [f"{group}: 0 of 5 tries, the other addresses are cached already" for group in BENCHMARKED]


def test_bench_tells_what_is_not_as_it_should_be(app: FalconBus, departures: World) -> None:
    with strange_system(200, X_Cache="MISS") as url:
        done = run(app, "bench", "--url", url)
        assert done.exit_code == 1
        assert "the second request says X-Cache: MISS, not HIT" in done.output
    with strange_system(200) as url:
        assert "the first request says X-Cache: nothing, not MISS" in run(app, "bench", "--url", url).output
    with strange_system(503) as url:
        done = run(app, "bench", "--url", url, "--json")
        assert done.exit_code == 1
        assert all("answered 503, not 200" in fault for fault in json.loads(done.output)["faults"])


def test_bench_says_when_limits_stop_it(app: FalconBus, departures: World) -> None:
    with strange_system(429, Retry_After="42") as url:
        done = run(app, "bench", "--url", url)
    assert done.exit_code == 1
    assert "answers 429, its limits stop the trial: wait 42 s" in done.output


def test_bench_of_an_address_where_nothing_is(app: FalconBus, departures: World) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = run(app, "bench", "--url", url)
    assert done.exit_code == 1
    expected = f"Error: {url} does not answer (ConnectionRefusedError): is it running, and is the address right?\n"
    assert done.output == expected
    for wrong in ("nonsense", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://x/?a=b"):
        done = run(app, "bench", "--url", wrong)
        assert done.exit_code == 2
        assert "is no address: write http://127.0.0.1:8000" in done.output


def test_bench_without_departures_says_where_some_come_from(app: FalconBus, environment: dict[str, str]) -> None:
    done = run(app, "bench")
    assert done.exit_code == 1
    assert done.output.startswith("Error: the database has no departures to search for: import a feed with")
    assert done.output.count("\n") == 1
    assert webs_of(environment) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_bench_leaves_nobody_behind_when_it_is_ended(
    number: signal.Signals, departures: World, environment: dict[str, str]
) -> None:
    bench = subprocess.Popen(
        [sys.executable, "-m", "falconbus", "perf", "bench", "--rounds", "40"],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: webs_of(environment), 30, "no web was started")
    bench.send_signal(number)
    assert bench.wait(20) != 0
    wait_until(lambda: not webs_of(environment), 20, "a web outlived the command that had started it")
