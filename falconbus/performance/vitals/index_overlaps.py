"""Indexes that are redundant because another one serves the same."""

from collections.abc import Iterable
from typing import Any


def find_cover(index: Any, others: Iterable[Any]) -> Any | None:
    """Return the widest index that serves every use of `index`; None without one, or when `index` constrains rows.

    Both are rows with oid or name, table_oid, method, predicate, keys, included, unique, primary and constrains.
    """
    if index.primary or index.constrains:
        return None
    covers = [other for other in others if other.name != index.name and _covers(other, index)]
    return max(covers, key=lambda other: (len(other.keys), other.name), default=None)


def _covers(other: Any, index: Any) -> bool:
    if (other.table_oid, other.method, other.predicate) != (index.table_oid, index.method, index.predicate):
        return False
    if not set(index.included) <= set(other.included):
        return False
    if other.keys == index.keys:
        if index.unique and not other.unique:
            return False
        # Of two that do the same one stays: what keeps rows apart, what is wider, what came first by name.
        return _worth(other) > _worth(index)
    # The rest of a wider key is of no harm to those who look for its beginning; only a B-tree is sorted so.
    is_prefix = other.keys[: len(index.keys)] == index.keys
    return is_prefix and index.method == "btree" and not index.unique


def _worth(index: Any) -> tuple[bool, bool, int, bool, str]:
    name = "".join(chr(0x10FFFF - ord(letter)) for letter in index.name)
    return (index.primary, index.constrains, len(index.included), index.unique, name)
