"""`python -m benchmarks search`: run one benchmark or all, print its table, write its figures."""

import argparse
import platform
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks import (
    backup,
    booking,
    calendar,
    crowd,
    dashboard,
    environment,
    mail,
    queries,
    race,
    recording,
    scale,
    scheduling,
    search,
    warm_search,
)
from benchmarks.paired_rounds import RunFailed
from benchmarks.report import Report

NAMES = (
    "search", "calendar", "warm", "booking", "queries", "recording", "dashboard", "scheduling", "mail", "crowd", "race",
    "scale", "backup",
)  # fmt: skip


def main() -> int:
    """Run the benchmarks; return 0 when every goal was reached, 1 when one was missed, 2 when a run was invalid."""
    options = _options()
    reports: list[Report] = []
    try:
        with environment.run_settings() as settings:
            databases = environment.Databases(settings)
            for name in NAMES if options.what == "all" else [options.what]:
                report = _run(name, databases, options)
                report.show()
                reports.append(report)
    except RunFailed as failure:
        print(f"failed: {failure}", file=sys.stderr)
        return 2
    finally:
        _write(reports, options.json or environment.RESULTS / f"{options.what}.json")
    return int(not all(report.reached for report in reports))


def _run(name: str, databases: environment.Databases, options: argparse.Namespace) -> Report:
    load = {"seconds": options.seconds, "clients": options.clients}
    runs: dict[str, Callable[[], Report]] = {
        "search": lambda: search.run(databases, **load),
        "calendar": lambda: calendar.run(databases),
        "warm": lambda: warm_search.run(databases, **load),
        "booking": lambda: booking.run(databases, **load),
        "queries": lambda: queries.run(databases),
        "recording": lambda: recording.run(databases, **load),
        "dashboard": lambda: dashboard.run(databases),
        "scheduling": lambda: scheduling.run(databases),
        "mail": lambda: mail.run(databases, mails=options.mails, seconds=options.seconds),
        "crowd": lambda: crowd.run(databases, seconds=options.seconds),
        "race": lambda: race.run(databases, attempts=options.attempts, clients=2 * options.clients),
        "backup": lambda: backup.run(clients=options.clients),
        "scale": lambda: scale.run(databases, **load, huge=options.huge),
    }
    return runs[name]()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", choices=[*NAMES, "all"], help="which one to run")
    parser.add_argument("--seconds", type=float, default=24, help="of load on each side (default: 24)")
    parser.add_argument("--clients", type=int, default=8, help="at once (default: 8; twice as many in the race)")
    parser.add_argument("--attempts", type=int, default=20_000, help="in the race (default: 20000)")
    parser.add_argument("--mails", type=int, default=1000, help="of which the rate is measured (default: 1000)")
    parser.add_argument("--huge", action="store_true", help="scale: 10 million schedules instead of one")
    parser.add_argument("--json", type=Path, help="where the figures go (default: benchmarks/results/)")
    return parser.parse_args()


def _write(reports: Sequence[Report], path: Path) -> None:
    machine = {"python": platform.python_version(), "system": platform.platform(), "at": datetime.now(UTC)}
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine, "reports": [report.document() for report in reports]}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2))


if __name__ == "__main__":
    sys.exit(main())
