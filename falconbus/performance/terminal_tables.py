"""Tables on a terminal; plain lines in pipes and logs."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from falconbus.platform.kit.lazy import Lazy

_console = Lazy("rich.console")
_table = Lazy("rich.table")
_text = Lazy("rich.text")

_LONGEST = 160


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> None:
    """Print a title and its rows, or `empty` when there are none."""
    if not rows:
        click.echo(f"{title}: {empty}")
        return
    if not sys.stdout.isatty():
        click.echo(f"{title}:")
        widths = [max(len(_cut(row[place])) for row in (columns, *rows)) for place in range(len(columns))]
        for row in (columns, *rows):
            cells = (_cut(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
            click.echo(f"  {'  '.join(cells)}".rstrip())
        return
    table: Any = _table.Table(*columns, title=title, title_justify="left")
    for row in rows:
        # A statement's brackets are no markup.
        table.add_row(*(_text.Text(cell) for cell in row))
    _console.Console().print(table)


def size(number: int) -> str:
    """Return bytes as text for people."""
    amount = float(number)
    for unit in ("B", "kB", "MB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GB"


def ms(number: float | None) -> str:
    """Return milliseconds as text, to three significant digits."""
    return "-" if number is None else f"{number:.3g}" if number < 100 else f"{number:,.0f}"


def _cut(cell: str) -> str:
    return cell if len(cell) <= _LONGEST else f"{cell[: _LONGEST - 3]}..."
