"""The tables that a module's SQL names, in whole statements and in pieces of them alike."""

import ast
import re
from collections.abc import Iterator

# Comments, strings and quoted names are one token each, so that no word inside them is taken for SQL.
_TOKEN = re.compile(r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"[^"]+"|\w+|[^\s\w]""", re.DOTALL)
WHOLE = re.compile(r"\s*(select|with|insert\s+into|update|delete\s+from|merge\s+into|truncate|copy)\b", re.IGNORECASE)
_COMMON_TABLE = re.compile(r'(\w+|"[^"]+") (?:\( [^()]* \) )?AS (?:(?:NOT )?MATERIALIZED )?\(', re.IGNORECASE)

_BEFORE_A_LIST = {"FROM", "USING", "TRUNCATE", "TABLE", "ANALYZE"}
_BEFORE_A_TABLE = {"JOIN", "INTO", "UPDATE", "REFERENCES", "COPY", *_BEFORE_A_LIST}
_AFTER_A_LIST = {"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "SELECT", "SET", "RETURNING", "UNION", "WINDOW"}
_BETWEEN = {"ONLY", "LATERAL", "TABLE", "IF", "NOT", "EXISTS"}
# Constructs of SQLAlchemy and psycopg whose first argument is a name.
_CONSTRUCTS = {"table", "Table", "Identifier"}


def in_module(source: str) -> Iterator[tuple[int, str]]:
    """Find each name that stands for a table in the SQL of a module, with its line; functions and such among them."""
    for line, text in strings(source):
        for name in sorted(in_statement(text)):
            yield line, name
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _called(node) in _CONSTRUCTS and node.args:
            yield node.lineno, _text(node.args[0]) or ""


def strings(source: str) -> Iterator[tuple[int, str]]:
    """Find a module's strings with their lines, docstrings left out; what an f-string puts in is a word of its own."""
    skipped: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr):
            skipped.add(id(node.value))
        if isinstance(node, ast.JoinedStr):
            skipped.update(map(id, node.values))
        if isinstance(node, ast.expr) and id(node) not in skipped and (text := _text(node)) is not None:
            yield node.lineno, text


def in_statement(statement: str) -> set[str]:
    """Return the names after FROM, JOIN, INTO ... less those of common table expressions.

    In a piece of a statement only keywords in capitals count, as they are everywhere here: prose is no SQL.
    """
    tokens = [token for token in _TOKEN.findall(statement) if not token.startswith(("--", "/*"))]
    keywords = [token.upper() for token in tokens] if WHOLE.match(statement) else tokens
    common = {name.strip('"') for name in _COMMON_TABLE.findall(" ".join(tokens))}
    return set(_named(tokens, keywords)) - common


def _named(tokens: list[str], keywords: list[str]) -> Iterator[str]:
    """What follows a keyword, and the commas of its list: a list ends with its clause or its parenthesis."""
    depth = 0
    lists: set[int] = set()
    for at, keyword in enumerate(keywords):
        if keyword == "(":
            depth += 1
        elif keyword == ")":
            lists.discard(depth)
            depth -= 1
        elif keyword in _AFTER_A_LIST:
            lists.discard(depth)
        elif keyword in _BEFORE_A_LIST:
            lists.add(depth)
        if keyword in _BEFORE_A_TABLE or (keyword == "," and depth in lists):
            yield _name_at(tokens, keywords, at + 1, in_parentheses=keyword != "USING")


def _name_at(tokens: list[str], keywords: list[str], at: int, *, in_parentheses: bool) -> str:
    """The name that begins there, without its schema. USING (x) names a column."""
    while at < len(tokens) and (keywords[at] in _BETWEEN or (in_parentheses and tokens[at] == "(")):
        at += 1
    while tokens[at + 1 : at + 2] == ["."]:
        at += 2
    return tokens[at].strip('"') if at < len(tokens) else ""


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or " x " for part in node.values)
    return None


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""
