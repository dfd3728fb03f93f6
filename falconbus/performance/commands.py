"""`perf ...` on the command line: indexes, statements, caches."""

import re
from datetime import timedelta
from typing import Any, TextIO
from urllib.parse import urlsplit

import click
import msgspec
from flask.cli import AppGroup

from falconbus.performance.advisor import reporting
from falconbus.performance.advisor.reporting import Finding, IndexReport
from falconbus.performance.cache_benchmark.errors import CannotBenchmark
from falconbus.performance.cache_benchmark.tables import print_benchmark
from falconbus.performance.caches import statistics
from falconbus.performance.caches.statistics import CacheAway
from falconbus.performance.caches.tables import print_statistics
from falconbus.performance.terminal_tables import ms, print_table, size
from falconbus.performance.vitals import heavy_statements
from falconbus.performance.vitals.heavy_statements import RECORDER, HeavyStatement, HeavyStatements
from falconbus.platform.database import transactions
from falconbus.platform.kit.lazy import Lazy

#: Loaded lazily: it starts processes and sends HTTP, which no web process needs.
_benchmark = Lazy("falconbus.performance.cache_benchmark.service")

perf = AppGroup("perf", help="How fast it is, and what would make it faster.")

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
as_json_option = click.option("--json", "as_json", is_flag=True, help="JSON instead of tables.")


class Period(click.ParamType[timedelta]):
    """A time such as 30m, 24h or 7d, at most two years."""

    name = "period"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        match = re.fullmatch(r"([1-9]\d{0,5})([mhd])", str(value).strip())
        period = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None
        if period is None or period > timedelta(days=730):
            self.fail(f"{value!r} is no time: write 30m, 24h or 7d, at most 730d", param, ctx)
        return period


class Url(click.ParamType[str]):
    """The address of a running system."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            parts = urlsplit(str(value))
            good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if not good or parts.query or parts.fragment:
            self.fail(f"{value!r} is no address: write http://127.0.0.1:8000", param, ctx)
        return str(value).rstrip("/")


@perf.command("indexes")
@click.option("--statement", type=click.File("r"), help="Look at the SQL of this file, or of standard input with -.")
@click.option("--limit", type=click.IntRange(1, 50), default=10, show_default=True, help="Statements to look at.")
@as_json_option
def indexes(*, statement: TextIO | None, limit: int, as_json: bool) -> None:
    """Show indexes that would help, each proven on a copy, and those that are unused, duplicate or missing."""
    if statement is not None:
        finding = _finding(statement)
        click.echo(_json(finding) if as_json else "\n".join(_lines(finding)))
        return
    report = transactions.run(lambda: reporting.report(limit))
    if as_json:
        click.echo(_json(report))
    else:
        _print_indexes(report)


@perf.command("analyze-queries")
@click.option("--last", type=Period(), default="24h", show_default=True, help="How far back: 30m, 24h, 7d.")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Statements in each list.")
@as_json_option
def analyze_queries(*, last: timedelta, limit: int, as_json: bool) -> None:
    """Show the slowest and most frequent statements, what takes the most time, and what is sent again and again."""
    found = transactions.run(lambda: heavy_statements.heaviest(last, limit))
    if as_json:
        click.echo(_json(found))
    else:
        _print_statements(found)


@perf.command("cache-stats")
@click.option("--last", type=Period(), default="1h", show_default=True, help="How far back: 30m, 24h, 7d.")
@as_json_option
def cache_stats(*, last: timedelta, as_json: bool) -> None:
    """Show hits, misses, keys and bytes of each cache group, and how the cache's Redis fares."""
    try:
        found = transactions.run(lambda: statistics.statistics(last))
    except CacheAway as fault:
        raise click.ClickException(str(fault)) from None
    if as_json:
        click.echo(_json(found))
    else:
        print_statistics(found)


@perf.command("bench")
@click.option("--url", type=Url(), help="A running system on this database; without, a web is started for the trial.")
@click.option("--rounds", type=click.IntRange(1, 40), default=5, show_default=True, help="Addresses of each group.")
@as_json_option
def bench(*, url: str | None, rounds: int, as_json: bool) -> None:
    """Ask for what is cached, each address twice: the first request is a MISS, the second a HIT.

    The dashboard counts these requests like all others.
    """
    try:
        result = _benchmark.benchmark_system(url, rounds) if url else _benchmark.benchmark_own_web(rounds)
    except (CacheAway, CannotBenchmark) as fault:
        raise click.ClickException(str(fault)) from None
    if as_json:
        click.echo(_json(result))
    else:
        print_benchmark(result)
    if result.faults:
        click.get_current_context().exit(1)


def _finding(file: TextIO) -> Finding:
    try:
        text = file.read().strip()
    except UnicodeDecodeError:
        raise click.ClickException("the file is not text") from None
    if not text:
        raise click.ClickException("there is no statement: give a SELECT, UPDATE or DELETE, with values or $1, $2 ...")
    return reporting.finding_of(text)


def _lines(finding: Finding) -> list[str]:
    if not finding.indexes:
        return [f"No index: {finding.reason}"]
    made = [f"{each.definition};  -- about {size(each.bytes)}" for each in finding.indexes]
    times = (
        f"{ms(finding.before_ms)} ms before, {ms(finding.after_ms)} ms after: {finding.factor or 0:.1f} times as quick"
    )
    return [*made, f"Proven on a copy: {times}"]


def _print_indexes(report: IndexReport) -> None:
    proven = [
        [
            "; ".join(each.definition for each in finding.indexes),
            ms(finding.before_ms),
            ms(finding.after_ms),
            f"{finding.factor or 0:.1f}",
            size(sum(each.bytes for each in finding.indexes)),
            finding.statement,
        ]
        for finding in report.findings
        if finding.indexes
    ]
    columns = ("Index", "ms before", "ms after", "Factor", "Size", "Statement")
    nothing = f"no slow statement of the {report.source} would gain from one"
    print_table("Indexes that would help", columns, proven, nothing)
    others = [[finding.reason or "", finding.statement] for finding in report.findings if not finding.indexes]
    print_table("Looked at, no index helps", ("Why", "Statement"), others, "none")
    unused = [[each.name, each.table, size(each.bytes)] for each in report.unused]
    since = f"since {report.counted_since:%Y-%m-%d %H:%M} UTC" if report.counted_since else "since PostgreSQL counts"
    print_table(f"Never used {since}", ("Index", "Table", "Size"), unused, "none")
    duplicates = [
        [each.name, each.table, size(each.bytes), each.covered_by, "the same" if each.same else "its beginning"]
        for each in report.duplicate
    ]
    print_table("Duplicate", ("Index", "Table", "Size", "Covered by", "Is"), duplicates, "none")
    keys = [[each.name, each.references, f"{each.rows:,}", each.definition] for each in report.foreign_keys]
    print_table("Foreign keys without an index", ("Foreign key", "To", "Rows", "Index"), keys, "none")
    if report.invalid:
        print_table("Invalid: make them anew", ("Index",), [[name] for name in report.invalid], "none")


def _print_statements(found: HeavyStatements) -> None:
    since = f" since {found.since:%Y-%m-%d %H:%M} UTC" if found.since else ""
    click.echo(f"Source: {found.source}{since}")
    if not found.most_time:
        click.echo("Nothing has been counted yet: call some pages, then wait two minutes for the workers to add it up.")
        return
    columns = ("Calls", "Mean ms", "Total ms", "Statement")
    for title, statements in (
        ("Most time", found.most_time),
        ("Slowest", found.slowest),
        ("Most frequent", found.most_frequent),
    ):
        print_table(title, columns, [_row(each) for each in statements], "none")
    again = [[f"{each.repeated:,}", ", ".join(each.origins), each.text] for each in found.repeated]
    print_table(f"Sent again in one request (N+1, from the {RECORDER})", ("Times", "Line", "Statement"), again, "none")


def _row(each: HeavyStatement) -> list[str]:
    return [f"{each.calls:,}", ms(each.mean_ms), ms(each.total_ms), each.text]


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
