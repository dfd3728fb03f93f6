"""What several web processes see is counted exactly: whoever is asked, over a kill and a restart of all of them."""

import functools
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPException
from typing import Any

import pytest
import time_machine
from flask_sqlalchemy import SQLAlchemy
from prometheus_client.parser import text_string_to_metric_families

from falconbus.accounts import service as accounts
from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.platform.telemetry import rollup, totals
from tests.browser.planted_tables import CHAIN, DEPOTS, planted_tables
from tests.calls import bearer, booking_body
from tests.e2e.conftest import System, eventually
from tests.e2e.connections import PROCESS, KeepAliveConnection, connections_to_each, send_by_all
from tests.world import World

pytestmark = pytest.mark.timeout(240)

LISTED, NOWHERE = "/api/v1/planted/depots", "/api/v1/schedules/999999"
LISTS, PROCESSES, SHOWS = f"GET {LISTED}", f"GET {PROCESS}", "GET /api/v1/schedules/<id:schedule_id>"
METRICS_TOKEN = "a token that only the tests know, 32+"
EMAIL, PASSWORD = "admin@example.com", "a password of tests"


@dataclass
class Fleet:
    """The web processes, and what they say that they have counted."""

    system: System
    admin: dict[str, str]

    def dashboard(self) -> Any:
        answer = self.system.call("GET", "/api/performance/dashboard/", **self.admin)
        assert answer.status == 200, answer.json
        return answer.json

    def endpoint(self, key: str) -> Any:
        return next((one for one in self.dashboard()["endpoints"] if one["key"] == key), None)

    def counted(self) -> dict[str, int]:
        """Requests by endpoint, on the dashboard."""
        return {one["key"]: one["requests"] for one in self.dashboard()["endpoints"]}

    def exposed(self, metric: str = "falconbus_requests") -> dict[str, int]:
        """Requests by endpoint, as Prometheus reads them; or statements by who sends them."""
        text = self.system.call("GET", "/metrics", **bearer(METRICS_TOKEN)).json.decode()
        found: Counter[str] = Counter()
        for family in text_string_to_metric_families(text):
            for sample in family.samples if family.name == metric else ():
                labels = sample.labels
                found[labels.get("owner") or f"{labels['method']} {labels['rule']}"] += int(sample.value)
        return dict(found)

    def restart(self) -> None:
        self.system.stop("web")
        self.system.start("web")
        eventually(self.system.is_up)


@pytest.fixture
def fleet(request: pytest.FixtureRequest, app: FalconBus, environment: dict[str, str]) -> Iterator[Fleet]:
    """Four web processes, or as many as the test's parameter says, with the planted endpoints."""
    with app.app_context():
        transactions.run(lambda: accounts.create_user(EMAIL, PASSWORD, [Role.ADMIN], "Admin"))
        token = transactions.run(lambda: accounts.sign_in(EMAIL, PASSWORD)).token
        cache_redis().flushdb()
    system = System(
        {**environment, "METRICS_TOKEN": METRICS_TOKEN},
        0,
        app="tests.browser.planted_app:app",
        web_processes=getattr(request, "param", 4),
    )
    with planted_tables(app):
        system.start("web")
        try:
            eventually(system.is_up)
            yield Fleet(system, bearer(token))
        finally:
            system.kill()


def test_the_sum_over_four_processes_is_what_was_sent_even_after_a_restart(fleet: Fleet, database: SQLAlchemy) -> None:
    with connections_to_each(fleet.system, 4) as (connections, asked):
        answers = send_by_all(connections, [LISTED, NOWHERE, PROCESS] * 15)
        assert Counter(answer.status for answer in answers) == {200: 120, 404: 60}
        sent = {LISTS: 60, SHOWS: 60, PROCESSES: 60 + asked}
        eventually(lambda: fleet.counted() == sent)
        assert fleet.exposed() == sent
        send_by_all(connections, [LISTED] * 10)
    fleet.restart()
    sent[LISTS] += 40
    assert fleet.counted() == sent
    assert fleet.exposed() == sent
    with time_machine.travel(clock.now() + timedelta(minutes=5), tick=False):
        assert rollup.roll_up() >= 1
    assert not cache_redis().keys("telemetry:minute:*")
    assert fleet.counted() == sent
    assert fleet.exposed() == sent
    assert fleet.exposed("falconbus_statements")[LISTS] == sent[LISTS] * (1 + DEPOTS)
    assert fleet.endpoint(LISTS)["queries_per_request"] == 1 + DEPOTS
    assert fleet.endpoint(SHOWS)["refusals"] == 60
    assert fleet.dashboard()["totals"]["recorder"]["bytes"] > 0


@pytest.mark.parametrize("fleet", [2], indirect=True)
def test_a_repeated_statement_is_named_by_its_file_and_line(fleet: Fleet) -> None:
    for _ in range(3):
        fleet.system.call("GET", LISTED)
    found = eventually(lambda: [one for one in fleet.dashboard()["repeated"] if one["requests"] == 3])
    [one] = found
    assert (one["owner"], one["origin"], one["per_request"]) == (LISTS, CHAIN[0], DEPOTS)
    assert one["chain"][:3] == CHAIN
    assert one["remedy"]["code"] == "WHERE depot_id = ANY(...)"
    assert fleet.endpoint(LISTS)["over_budget"] == 3


@dataclass
class Load:
    """Threads that ask without end which process answers, and note who did and when."""

    system: System
    answered: list[tuple[int, float]] = field(default_factory=list)
    broken: int = 0
    is_over: bool = False
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, number: int) -> None:
        self.threads = [threading.Thread(target=self._ask) for _ in range(number)]
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        self.is_over = True
        for thread in self.threads:
            thread.join()

    def by(self, process: int, *, since: float) -> int:
        """How many were answered by a process since then."""
        return sum(1 for one, at in self.answered if one == process and at >= since)

    def _ask(self) -> None:
        while not self.is_over:
            connection = None
            try:
                connection = KeepAliveConnection(self.system)
                self.answered.append((connection.process(), time.monotonic()))
            except (OSError, HTTPException):
                self.broken += 1
            finally:
                if connection is not None:
                    connection.close()
            time.sleep(0.02)


def test_a_killed_process_loses_at_most_its_last_second(database: SQLAlchemy, fleet: Fleet) -> None:
    load = Load(fleet.system)
    load.start(4)
    try:
        time.sleep(3.5)
        victim = Counter(process for process, _ in load.answered).most_common(1)[0][0]
        os.kill(victim, signal.SIGKILL)
        killed_at = time.monotonic()
        time.sleep(1)
    finally:
        load.end()
    # A flush a second; the other second is for a busy machine.
    last = load.by(victim, since=killed_at - 2)
    assert load.by(victim, since=0) > last
    answered = len(load.answered)
    fleet.system.stop("web")
    counted = totals.totals()["endpoint", PROCESSES].count
    assert answered - last <= counted <= answered + load.broken


@pytest.mark.parametrize("fleet", [2], indirect=True)
def test_a_sale_shows_in_every_process_within_a_second(world: World, fleet: Fleet) -> None:
    schedule = world.add_schedule()
    search = f"/api/v1/schedules?origin=A&destination=D&date={world.day_of(schedule)}"
    # Without its announcements the world is nothing new: answers are kept for as long as they may ever be.
    cache_redis().flushdb()

    def seats(connection: KeepAliveConnection) -> tuple[int, str]:
        answer = connection.call("GET", search)
        return answer.json["results"][0]["available_seats"], answer.headers["X-Cache"]

    def is_kept(connection: KeepAliveConnection) -> bool:
        return seats(connection) == (8, "HIT")

    with connections_to_each(fleet.system, 2) as (connections, _):
        seller, *_others = connections.values()
        for connection in connections.values():
            eventually(functools.partial(is_kept, connection))
        time.sleep(1)
        assert all(is_kept(connection) for connection in connections.values())
        assert seller.call("POST", "/api/v1/bookings", booking_body(schedule.id)).status == 201
        sold_at = time.monotonic()
        shown: dict[KeepAliveConnection, list[tuple[float, int]]] = {
            connection: [] for connection in connections.values()
        }
        while time.monotonic() < sold_at + 1.5:
            for connection, seen in shown.items():
                seen.append((time.monotonic() - sold_at, seats(connection)[0]))
            time.sleep(0.05)
        for seen in shown.values():
            assert {number for _, number in seen} <= {8, 7}
            assert {number for asked_at, number in seen if asked_at >= 1} == {7}
