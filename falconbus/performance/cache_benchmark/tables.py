"""The benchmark's results on a terminal."""

import click

from falconbus.performance.cache_benchmark.results import BenchmarkResult, GroupResult
from falconbus.performance.terminal_tables import ms, print_table


def print_benchmark(result: BenchmarkResult) -> None:
    """Print a table for each group, then the faults."""
    click.echo(f"Asked: {result.url}{' (started for this trial, without limits)' if result.own_web else ''}")
    for group in result.groups:
        _print_group(group)
    for fault in result.faults:
        click.echo(f"Error: {fault}", err=True)


def _print_group(group: GroupResult) -> None:
    rows = [[each.address, ms(each.first_ms), ms(each.second_ms), f"{each.ratio:.1f}"] for each in group.tries]
    if group.ratio is not None:
        rows.append(["Median", ms(group.first_ms), ms(group.second_ms), f"{group.ratio:.1f}"])
    columns = ("Address", "First ms (MISS)", "Second ms (HIT)", "Ratio")
    print_table(group.group, columns, rows, "no try went well")
    if group.plain_bytes is not None:
        packed = [
            f"{each.encoding} {each.bytes:,} ({100 * each.saved:.0f} % less)"
            if each.saved is not None
            else f"{each.encoding} not compressed"
            for each in group.sizes
        ]
        click.echo(f"  Bytes of the first: plain {group.plain_bytes:,}, {', '.join(packed)}")
