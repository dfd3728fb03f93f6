"""Benchmark of telling travellers: mails a second of a worker child, its memory, the wait from payment to SMTP."""

import http.client
import itertools
import logging
import random
import time
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from typing import Any

import msgspec
import psycopg

from benchmarks import dataset, network
from benchmarks.booking import departures
from benchmarks.environment import Databases
from benchmarks.mail_worker import MailServer, Worker
from benchmarks.paired_rounds import RunFailed
from benchmarks.report import Goal, Report
from benchmarks.server import OURS, WebServer
from config import Settings
from falconbus.app import create_app
from falconbus.messaging.mail_kinds import CONFIRMATION
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.jobs import celery
from falconbus.platform.mailing import service as mailing

RATE = 20
LARGEST_MB = 150
P99_SECONDS = 5
#: Payments a second, while the wait is measured.
_PACE = 8
_NETWORK = network.NetworkSize(regions=1, cities=20, routes=50, trips=100, past_days=0, days=30, parties=1)
_BOOKINGS = "SELECT id, email FROM bookings WHERE status = 'confirmed' ORDER BY id LIMIT %s"
_SECONDS_TO_ARRIVE = 300.0


def run(databases: Databases, *, mails: int, seconds: float) -> Report:
    """Send confirmations one after the other as fast as a child can, then at the pace of payments."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    dataset.ensure(databases, "mail_line", _NETWORK)
    with MailServer() as server:
        rate, worker = _throughput(databases, server, mails)
        waits = _waits(databases, server, seconds)
    largest = max(worker.shares.values()) / 1000
    p99 = waits[ceil(0.99 * len(waits)) - 1]
    return Report(
        "mail",
        rows=[
            {"what": "mails", "mails": mails, "per_second": round(rate, 1), "children": len(worker.shares),
             "pss_mb": round(largest), "rss_mb": round(max(worker.sizes.values()) / 1000)},
            {"what": "payments", "mails": len(waits), "per_second": _PACE,
             "children": "-", "pss_mb": "-", "rss_mb": "-"},
        ],
        goals=[
            Goal("mails a second of one worker child", rate, RATE),
            Goal("worker children that it took", len(worker.shares), 1, at_most=True),
            Goal("memory of a child in MB, shared pages by share", largest, LARGEST_MB, at_most=True),
            Goal("p99 from payment to SMTP in seconds", p99, P99_SECONDS, at_most=True),
        ],
        notes=[
            "confirmations with PDF and calendar for two passengers; a real Celery worker and SMTP server",
            f"payments through the web, workers and beat as in the Procfile; median {waits[len(waits) // 2]:.2f} s",
            f"a mail costs {1000 * worker.cpu_seconds / mails:.0f} ms of the worker's processor time",
        ],
    )  # fmt: skip


def _throughput(databases: Databases, server: MailServer, mails: int) -> tuple[float, Worker]:
    url = databases.create("mail", template="mail_line")
    settings = databases.settings("mail") | {"SMTP_URL": server.url}
    with psycopg.connect(url) as connection:
        subjects = connection.execute(_BOOKINGS, [mails + 1]).fetchall()
    app = create_app(Settings.from_environment(settings | {"LOG_LEVEL": "WARNING"}))
    with app.app_context():
        celery.control.purge()
        with Worker(settings, children=1, with_beat=False) as worker:
            # The first one shows that the worker has begun.
            for number, (booking_id, email) in enumerate(subjects):
                transactions.run(lambda told=(booking_id, email): mailing.tell(CONFIRMATION, *told))  # type: ignore[misc]
                if number == 0:
                    _wait_for(server, 1)
                    worker.note_cpu()
            _wait_for(server, len(subjects))
            worker.note_cpu()
        db.engine.dispose()
    times = sorted(server.received.values())
    return mails / (times[-1] - times[1]), worker


def _waits(databases: Databases, server: MailServer, seconds: float) -> list[float]:
    """Pay through the web at a steady pace; return how long after the answer each mail came, in order."""
    url = databases.create("mail", template="mail_line")
    settings = databases.settings("mail") | {"SMTP_URL": server.url}
    server.received.clear()
    with WebServer("mail-web", OURS, settings) as web, Worker(settings, children=2, with_beat=True):
        held = _holds(web.port, url, int(_PACE * seconds))
        began = time.monotonic()

        def pay(number: int, booking: dict[str, Any]) -> tuple[str, float]:
            time.sleep(max(0.0, began + number / _PACE - time.monotonic()))
            path = f"/api/v1/bookings/{booking['reference']}/payments"
            _post(web.port, path, {"provider": "sandbox", "token": "ok"}, booking["manage_token"])
            return f"confirmation.1.{booking['reference']}", time.monotonic()

        with ThreadPoolExecutor(16) as pool:
            paid = dict(pool.map(pay, itertools.count(), held))
        _wait_for(server, len(paid))
    return sorted(server.received[message_id] - at for message_id, at in paid.items())


def _holds(port: int, url: str, count: int) -> list[dict[str, Any]]:
    known = random.Random(1).sample(departures(url), count)
    return [
        _post(port, "/api/v1/bookings", {
            "journeys": [{"schedule_id": schedule_id, "origin": stops[0], "destination": stops[-1]}],
            "passengers": [{"name": "Thandi Nkosi", "type": "adult"}, {"name": "Zoë Dlamini", "type": "adult"}],
            "contact": {"email": "thandi@example.com"},
        })
        for schedule_id, stops in known
    ]  # fmt: skip


def _post(port: int, path: str, body: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", path, msgspec.json.encode(body), headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status != 201:
        raise RunFailed(f"{path} answered {answer.status}: {content[:200]!r}")
    decoded: dict[str, Any] = msgspec.json.decode(content)
    return decoded


def _wait_for(server: MailServer, count: int) -> None:
    deadline = time.monotonic() + _SECONDS_TO_ARRIVE
    while len(server.received) < count:
        if time.monotonic() > deadline:
            raise RunFailed(f"{len(server.received)} of {count} mails came in {_SECONDS_TO_ARRIVE:.0f} seconds")
        time.sleep(0.02)
