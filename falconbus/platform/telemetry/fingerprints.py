"""Statements without their values: what makes two of them the same, and what may be shown of them.

A literal in a statement's text is a value, unless it stands in the source of the line that sent it: then it is part of
the query (`status = 'held'`, `LIMIT 100`), anybody with the source knows it, and plans need it.
"""

import hashlib
import linecache
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from falconbus.platform.telemetry.minute_counts import Statement

_TOKEN = re.compile(
    r"""
    (?P<named>%\((?P<name>\w+)\)s) | (?P<bare>%s) | (?P<percent>%%)
    | (?P<text>\b[EBXeNn]?'(?:[^'\\]|''|\\.)*' | '(?:[^']|'')*' | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<identifier>"[^"]*")
    | (?P<number>(?<![\w.$])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)
    | (?P<space>\s+)
    """,
    re.VERBOSE | re.DOTALL,
)
# A list of any length is one statement; so is an insert of any number of rows.
_LISTS = re.compile(r"\(\s*(?:\$\d+|\?)(?:::[\w\[\]]+)?(?:\s*,\s*(?:\$\d+|\?)(?:::[\w\[\]]+)?)+\s*\)")
_ROWS = re.compile(
    r"(\((?:[^()]|\([^()]*\))*\))(?:\s*,\s*\((?:[^()]|\([^()]*\))*\))+(?=\s*(?:$|RETURNING|ON CONFLICT|AS\b))"
)
_CONTEXT = 6

#: PostgreSQL's names for the types that psycopg sends.
_TYPES: dict[type, str] = {
    bool: "boolean", int: "bigint", float: "double precision", Decimal: "numeric", str: "text", bytes: "bytea",
    datetime: "timestamptz", date: "date", timedelta: "interval", UUID: "uuid", dict: "jsonb",
}  # fmt: skip


def type_of(value: Any) -> str:
    """Return the PostgreSQL type of a parameter; empty when the value does not tell it."""
    if isinstance(value, list | tuple):
        inner = {type_of(one) for one in value if one is not None}
        return f"{inner.pop()}[]" if len(inner) == 1 else ""
    return _TYPES.get(type(value), "")


def types_of(parameters: Any) -> dict[str, str] | list[str]:
    """Return the types of a statement's parameters, and nothing of their values."""
    if isinstance(parameters, Mapping):
        return {name: type_of(value) for name, value in parameters.items()}
    return [type_of(value) for value in parameters or ()]


def describe(sql: str, types: dict[str, str] | list[str], source: str | None) -> tuple[str, Statement]:
    """Return the fingerprint (16 hex digits) of `sql` and its description; `source` is the file that sent it."""
    text = _Masked(sql, types, _squeezed(source))
    shown = _collapse(text.shown)
    fingerprint = hashlib.blake2b(_collapse(text.bare).encode(), digest_size=8).hexdigest()
    return fingerprint, Statement(shown, text.types, [])


class _Masked:
    """The statement with numbered parameters: `shown` keeps the literals of the source, `bare` none."""

    def __init__(self, sql: str, types: dict[str, str] | list[str], source: str) -> None:
        self.types: list[str] = []
        self._sql, self._given, self._source = sql, types, source
        self._numbers: dict[str, int] = {}
        shown: list[str] = []
        bare: list[str] = []
        end = 0
        for match in _TOKEN.finditer(sql):
            between = sql[end : match.start()]
            end = match.end()
            kept, stripped = self._replace(match)
            shown += (between, kept)
            bare += (between, stripped)
        self.shown = "".join((*shown, sql[end:])).strip()
        self.bare = "".join((*bare, sql[end:])).strip()

    def _replace(self, match: re.Match[str]) -> tuple[str, str]:
        kind = match.lastgroup
        if match["named"]:
            number = self._number(match["name"])
            return number, "?"
        if match["bare"]:
            return self._number(f" {len(self.types)}"), "?"
        if kind in {"text", "tag", "number"}:
            token = match[0]
            return (token if self._is_in_source(match) else self._number(f" {len(self.types)}")), "?"
        plain = {"space": " ", "comment": " ", "percent": "%"}.get(kind or "", match[0])
        return plain, plain

    def _number(self, name: str) -> str:
        if name not in self._numbers:
            self._numbers[name] = len(self._numbers) + 1
            given = self._given
            position = len(self.types)
            listed = given[position] if isinstance(given, list) and position < len(given) else ""
            self.types.append(given.get(name, "") if isinstance(given, dict) else listed)
        return f"${self._numbers[name]}"

    def _is_in_source(self, match: re.Match[str]) -> bool:
        """Return whether the literal stands in the source together with what precedes it."""
        if not self._source:
            return False
        before = re.split(r"%\(\w+\)s|%s", self._sql[max(0, match.start() - 40) : match.start()])[-1]
        return re.sub(r"\s+", "", before)[-_CONTEXT:] + re.sub(r"\s+", "", match[0]) in self._source


def _collapse(text: str) -> str:
    text = _LISTS.sub(lambda match: f"({match[0].strip('( )').split(',')[0].strip()})", text)
    return _ROWS.sub(r"\1", text) if "VALUES" in text.upper() else text


def _squeezed(filename: str | None) -> str:
    return re.sub(r"\s+", "", "".join(linecache.getlines(filename))) if filename else ""
