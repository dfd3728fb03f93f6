"""Parsing of a statement: its kind, the tables it names, and its text with other names and values."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from falconbus.performance.advisor.analysis import TrialRefused
from falconbus.platform.kit.lazy import Lazy

_sqlglot = Lazy("sqlglot")
_exp = Lazy("sqlglot.expressions")
_errors = Lazy("sqlglot.errors")
_tokens = Lazy("sqlglot.tokens")

LONGEST = 50_000
# It logs a warning for each array index.
logging.getLogger("sqlglot").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Named:
    """A table as a statement names it."""

    schema: str | None
    name: str


@dataclass(frozen=True)
class Parsed:
    """A statement: its text, its syntax tree, the tables it names, and the positions of parameters and schema names."""

    text: str
    tree: Any
    tables: frozenset[Named]
    functions: frozenset[str]
    parameters: frozenset[int]
    _places: tuple[tuple[int, int, int], ...]
    _schemas: tuple[tuple[int, int], ...]

    def written(self, value_of: Callable[[int], str] | None = None) -> str:
        """Return the text without schema names, its parameters replaced by `value_of`, which returns SQL."""
        edits = [(begin, end, "") for begin, end in self._schemas]
        if value_of is not None:
            edits += [(begin, end, value_of(number)) for begin, end, number in self._places]
        text = self.text
        for begin, end, replacement in sorted(edits, reverse=True):
            text = text[:begin] + replacement + text[end:]
        return text


def parse(text: str) -> Parsed:
    """Parse one SELECT, UPDATE or DELETE with $1, $2 ...; TrialRefused when it is anything else."""
    text = text.strip().rstrip("; \n")
    if len(text) > LONGEST:
        raise TrialRefused(f"the statement is longer than {LONGEST:,} characters")
    try:
        trees = _sqlglot.parse(text, dialect="postgres")
        tokens = _sqlglot.tokenize(text, dialect="postgres")
    except (_errors.SqlglotError, RecursionError):
        raise TrialRefused("the statement could not be parsed") from None
    if len(trees) != 1 or trees[0] is None:
        raise TrialRefused("only one statement at a time is looked at")
    tree = trees[0]
    _check_kind(tree)
    tables = [node for node in tree.find_all(_exp.Table) if isinstance(node.this, _exp.Identifier)]
    places = _parameters(tokens)
    return Parsed(
        text=text,
        tree=tree,
        tables=_named(tree, tables),
        functions=frozenset(_function_names(tree)),
        parameters=frozenset(number for _, _, number in places),
        _places=tuple(places),
        _schemas=tuple(_qualifiers(tree, tables)),
    )


def identifier(node: Any) -> str:
    """Return a name as the catalogue has it: folded to lower case unless it is quoted."""
    return str(node.name if node.args.get("quoted") else node.name.lower())


def _check_kind(tree: Any) -> None:
    if any(tree.find_all(_exp.Insert, _exp.Merge)):
        raise TrialRefused("an INSERT or MERGE is not run on a copy: look at the SELECT in it by itself")
    if not isinstance(tree, _exp.Query | _exp.Update | _exp.Delete) or tree.find(_exp.Into, _exp.Command):
        raise TrialRefused("only a SELECT, UPDATE or DELETE is looked at")


def _named(tree: Any, tables: list[Any]) -> frozenset[Named]:
    """Return the tables, without the names that WITH defines."""
    common = {identifier(cte.args["alias"].this) for cte in tree.find_all(_exp.CTE)}
    found = set()
    for node in tables:
        schema = identifier(node.args["db"]) if node.args.get("db") else None
        name = identifier(node.this)
        if schema is not None or name not in common:
            found.add(Named(schema, name))
    return frozenset(found)


def _function_names(tree: Any) -> set[str]:
    names = set()
    for node in tree.find_all(_exp.Func):
        name = node.name if isinstance(node, _exp.Anonymous) else node.sql_name()
        names.add(str(name).lower())
    return names


def _parameters(tokens: list[Any]) -> list[tuple[int, int, int]]:
    """Return begin, end and number of each `$n`."""
    kind = _tokens.TokenType
    found = []
    for dollar, number in pairwise(tokens):
        if dollar.token_type == kind.PARAMETER and number.token_type == kind.NUMBER and number.text.isdigit():
            found.append((dollar.start, number.end + 1, int(number.text)))
    return found


def _qualifiers(tree: Any, tables: list[Any]) -> list[tuple[int, int]]:
    """Return the positions of schema names before tables, and before columns (`public.t.c`)."""
    owners = [node for node in tables if node.args.get("db")]
    owners += [node for node in tree.find_all(_exp.Column) if node.args.get("db")]
    found = []
    for node in owners:
        if node.args.get("catalog"):
            raise TrialRefused("a table is named with its database")
        after = node.args["table"] if isinstance(node, _exp.Column) else node.this
        found.append((node.args["db"].meta["start"], after.meta["start"]))
    return found
