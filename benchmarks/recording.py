"""Benchmark of the recorder: CPU time of the web processes for a request of three statements, with and without."""

import math
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median, quantiles
from typing import Any

import psycopg
from redis import Redis

from benchmarks.environment import Databases
from benchmarks.load_generator import drive, get
from benchmarks.paired_rounds import RunFailed
from benchmarks.recorders import venv
from benchmarks.recorders.measured import MeasuredServer
from benchmarks.recorders.statements import PATH
from benchmarks.report import Goal, Report
from config import Settings
from falconbus.platform.telemetry import minute_counts, store

#: Microseconds per request.
REACH = 60
PROCESSES = 4
OURS = ("falconbus.platform.runtime.gunicorn_conf", "benchmarks.recorders.ours:app")
UNRECORDED = ("falconbus.platform.runtime.gunicorn_conf", "benchmarks.unrecorded:app")
PEERS = ("flask-monitoringdashboard", "prometheus-flask-exporter")
_WARM_UP_SECONDS = 3.0
# Short rounds: other load on the machine comes in bursts, and should affect all sides alike.
_ROUND_SECONDS = 0.5
_MIN_ROUNDS = 20
_SECONDS_TO_FLUSH = 3.0
_ROWS = (
    """INSERT INTO stops (id, code, name, city, time_zone)
    VALUES (1, 'PTA', 'Pretoria, Station', 'Pretoria', 'Africa/Johannesburg')""",
    """INSERT INTO fare_classes (id, code, name, price_percent)
    VALUES (1, 'standard', 'Standard', 100), (2, 'comfort', 'Comfort', 150)""",
    """INSERT INTO routes (id, name, origin_id, destination_id, base_price, currency, distance_m, duration_minutes)
    SELECT n, 'Line ' || n, 1, 1, 10000, 'ZAR', 50000, 60 FROM generate_series(1, 20) n""",
)


@dataclass
class Side:
    """One server, with the CPU time of a request in each round, in microseconds."""

    web: MeasuredServer
    costs: list[float] = field(default_factory=list)
    requests: int = 0

    def run(self, *, clients: int, seconds: float, is_counted: bool = True) -> None:
        before = self.web.cpu_microseconds()
        load = drive(self.web.port, lambda: get(PATH), clients=clients, seconds=seconds)
        if load.errors:
            raise RunFailed(f"{self.web.name} answered {dict(load.statuses)}, first {load.refusals[0]!r}")
        self.requests += load.requests
        if is_counted:
            self.costs.append((self.web.cpu_microseconds() - before) / load.requests)

    def added_to(self, *controls: "Side") -> list[float]:
        """Return the CPU time in addition to the controls' mean, by round."""
        others = [mean(costs) for costs in zip(*(control.costs for control in controls), strict=True)]
        return [own - other for own, other in zip(self.costs, others, strict=True)]

    def figures(self, *controls: "Side") -> dict[str, Any]:
        """Return the side's row of the report, in microseconds."""
        added = sorted(self.added_to(*controls))
        return {
            "side": self.web.name,
            "requests": self.requests,
            "cpu_us": round(median(self.costs)),
            "added_us": round(median(added), 1),
            "quarter_us": round(added[len(added) // 4], 1),
            "three_quarters_us": round(added[-1 - len(added) // 4], 1),
        }


def run(databases: Databases, *, seconds: float, clients: int) -> Report:
    """Measure our app recorded and twice unrecorded, then the peers' small app likewise."""
    databases.create("recording")
    databases.migrate("recording")
    _insert_rows(databases.url("recording"))
    settings = {**databases.settings("recording"), "WEB_CONCURRENCY": str(PROCESSES), "EMBEDDED": "false"}
    report = Report("what recording costs a request of three statements")
    (control, again, recorded), flushing = _run_ours(settings, seconds=seconds, clients=clients)
    report.rows = [control.figures(again), again.figures(control), recorded.figures(control, again)]
    added = _upper_bound(recorded.added_to(control, again))
    report.goals = [Goal("microseconds of processor time added, at most", added, REACH, at_most=True)]
    report.notes = [
        f"{PROCESSES} web processes of 8 threads, {clients} clients, flusher and Redis and stack lines on",
        f"all of its {recorded.requests:,} requests were found in Redis; {flushing:.1f} us of each is the flusher's",
        "added_us is the median over the rounds; the goal adds twice its standard error",
    ]
    try:
        report.rows += _run_peers(settings, venv.python(), seconds=seconds, clients=clients)
    except subprocess.CalledProcessError as fault:
        report.notes.append(f"the peers are left out: their environment could not be made ({fault})")
    return report


def _upper_bound(added: Sequence[float]) -> float:
    """Return the median plus twice its standard error (from the quartiles, as for a normal distribution).

    So a machine that is too busy to measure misses the goal, and does not reach it by chance.
    """
    lower, _, upper = quantiles(added, n=4)
    return median(added) + 2 * 0.93 * (upper - lower) / math.sqrt(len(added))


def _run_ours(settings: dict[str, str], *, seconds: float, clients: int) -> tuple[list[Side], float]:
    """Return the three sides, and the flusher's own figure of its time a request, in microseconds."""
    redis = Redis.from_url(Settings.from_environment(settings).cache_redis_url)
    before, flushing = _recorded_requests(redis), _flush_microseconds(redis)
    with ExitStack() as stack:
        names = (("unrecorded", UNRECORDED), ("unrecorded, again", UNRECORDED), ("recorded", OURS))
        sides = [Side(stack.enter_context(MeasuredServer(name, program, settings))) for name, program in names]
        _alternate(sides, clients=clients, seconds=seconds)
        time.sleep(_SECONDS_TO_FLUSH)
        recorded_count = _recorded_requests(redis) - before
    if recorded_count != sides[2].requests:
        raise RunFailed(f"{sides[2].requests} requests were sent, and {recorded_count} recorded")
    return sides, (_flush_microseconds(redis) - flushing) / recorded_count


def _run_peers(settings: dict[str, str], interpreter: Path, *, seconds: float, clients: int) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        sides = []
        for number, monitor in enumerate(("nothing", "nothing", *PEERS)):
            folder_of_peer = Path(folder, str(number))
            folder_of_peer.mkdir()
            peer_settings = {
                "MONITOR": monitor,
                "MONITOR_FOLDER": str(folder_of_peer),
                "PROMETHEUS_MULTIPROC_DIR": str(folder_of_peer),
            }
            name = f"small app, {monitor}" if number != 1 else "small app, nothing, again"
            sides.append(Side(stack.enter_context(venv.Peer(name, interpreter, {**settings, **peer_settings}))))
        _alternate(sides, clients=clients, seconds=seconds)
        plain, again, *watched = sides
        return [plain.figures(again), again.figures(plain), *(side.figures(plain, again) for side in watched)]


def _alternate(sides: Sequence[Side], *, clients: int, seconds: float) -> None:
    """Run the sides in turns, so that other load on the machine affects all of them."""
    for side in sides:
        side.run(clients=clients, seconds=_WARM_UP_SECONDS, is_counted=False)
    rounds = max(_MIN_ROUNDS, round(seconds / _ROUND_SECONDS))
    for number in range(rounds):
        first = number % len(sides)
        for side in (*sides[first:], *sides[:first]):
            side.run(clients=clients, seconds=seconds / rounds)


def _recorded_requests(redis: Redis) -> int:
    """Return how many requests to the measured endpoint all processes have written to Redis."""
    key = (minute_counts.ENDPOINT, f"GET {PATH}")
    return sum(seen.series[key].count for _, _, seen in store.read(redis) if key in seen.series)


def _flush_microseconds(redis: Redis) -> int:
    """Return the CPU time of all processes' flushers, in microseconds."""
    key = (minute_counts.RECORDER,)
    return sum(seen.series[key].counters.get("flush_us", 0) for _, _, seen in store.read(redis) if key in seen.series)


def _insert_rows(url: str) -> None:
    """Insert a few rows, so that each statement returns something."""
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        for statement in _ROWS:
            connection.execute(statement)
