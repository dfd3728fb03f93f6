"""Benchmark of backups: of a million bookings, of a thousand more, restored to a moment; and search meanwhile."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import median
from typing import Any

import psycopg

from benchmarks import dataset, network
from benchmarks.environment import RESULTS, ROOT, UNREACHABLE_LIMITS, Databases
from benchmarks.load_generator import drive
from benchmarks.paired_rounds import RunFailed
from benchmarks.report import Goal, Report
from benchmarks.search import SearchRequests
from benchmarks.server import OURS, WebServer
from falconbus.platform.runtime.environment import complete, servers_needed
from falconbus.platform.runtime.paths import DataFolder

SIZE = network.NetworkSize(regions=1, cities=40, routes=300, trips=400, past_days=0, days=60, parties=42)
_MORE = """
    INSERT INTO bookings (reference, status, email, total, currency, created_at, expires_at, confirmed_at, payment_id)
    SELECT 'Y' || lpad(upper(to_hex(n)), 7, '0'), 'confirmed', 'more' || n || '@example.com', 30000, 'ZAR', now(),
        now(), now(), 'more-' || n
    FROM generate_series(1, 1000) n
"""


def run(*, clients: int) -> Report:
    """Take, verify and restore with the command line, as an operator does; the figures hold its start, too."""
    data = DataFolder(RESULTS / "backup-data")
    rows: list[dict[str, Any]] = []
    quiet: list[float] = []
    busy: list[float] = []
    with _line(data) as settings:
        with WebServer("backup", OURS, settings) as web:
            searches = SearchRequests(network.stop_pairs(SIZE), datetime.now(UTC).date(), SIZE.days)
            drive(web.port, searches.source(0), clients=clients, seconds=3)
            quiet = [drive(web.port, searches.source(n), clients=clients, seconds=1).percentile(95) for n in range(8)]
            begun = time.monotonic()
            full = _falcon(data, "create", "--full", niced=True)
            while full.poll() is None:
                number = len(busy) + 100
                busy.append(drive(web.port, searches.source(number), clients=clients, seconds=1).percentile(95))
            rows.append(_row("full, under load", begun, full))
        with psycopg.connect(settings["DATABASE_URL"].replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(_MORE)
            begun = time.monotonic()
            rows.append(_row("incremental, 1,000 more", begun, _falcon(data, "create")))
            name = max(path.name for path in (data.root / "backups").glob("*-incremental"))
            moment = datetime.now(UTC).isoformat()
            connection.execute("DELETE FROM tickets")
            bytes_ = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    for what, *arguments in (
        ("verify", "verify", name),
        ("restore to a moment", "restore", "--to", moment, "--overwrite"),
    ):
        begun = time.monotonic()
        rows.append(_row(what, begun, _falcon(data, *arguments)))
    seconds = {row["what"]: row["seconds"] for row in rows}
    shutil.rmtree(data.root)
    load = f"load of the machine {os.getloadavg()[1]:.1f} on {os.cpu_count()} processors"
    note = f"{SIZE.schedules * SIZE.parties:,} bookings, {(bytes_ or [0])[0] / 1e9:.1f} GB, {clients} clients, {load}"
    return Report("backup", rows=rows, goals=_goals(seconds, median(busy) / median(quiet)), notes=[note])


def _goals(seconds: Mapping[str, float], slower: float) -> list[Goal]:
    return [
        Goal("full of a million bookings, s", seconds["full, under load"], 60, at_most=True),
        Goal("incremental after 1,000 more, s", seconds["incremental, 1,000 more"], 5, at_most=True),
        Goal("restore to a moment, s", seconds["restore to a moment"], 60, at_most=True),
        Goal("p95 of search meanwhile, of the quiet one", slower, 1.5, at_most=True),
    ]


@contextmanager
def _line(data: DataFolder) -> Iterator[dict[str, str]]:
    """Provide the settings of an installation with the bookings in it, made anew."""
    shutil.rmtree(data.root, ignore_errors=True)
    data.make()
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    os.environ["BACKUP_ENABLED"] = environment["BACKUP_ENABLED"] = "true"
    servers = servers_needed(data, environment)
    try:
        settings = complete(environment, data, servers.start()) | UNREACHABLE_LIMITS
        settings |= {"RATELIMIT_ENABLED": "true", "BACKUP_DIR": str(data.root / "backups")}
        Databases.migrate_settings(settings)
        with psycopg.connect(settings["DATABASE_URL"].replace("+psycopg", ""), autocommit=True) as connection:
            with connection.transaction():
                dataset.load(connection, SIZE)
            connection.execute("VACUUM (ANALYZE)")
        # A worker would have stored the log of all that.
        _row("log of the loading stored", time.monotonic(), _falcon(data, "store-log"))
        yield settings
    finally:
        servers.close()


def _falcon(data: DataFolder, *arguments: str, niced: bool = False) -> subprocess.Popen[str]:
    """Start the command, as the night does when `niced`."""
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    environment |= {"DATA_DIR": str(data.root), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*(["nice", "-n", "15"] if niced else []), sys.executable, "-P", "-m", "falconbus", "backup", *arguments],
        env=environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def _row(what: str, begun: float, process: subprocess.Popen[str]) -> dict[str, Any]:
    said, _ = process.communicate()
    if process.returncode != 0:
        raise RunFailed(f"{what}: {said}")
    print(said, flush=True)
    return {"what": what, "seconds": round(time.monotonic() - begun, 1)}
