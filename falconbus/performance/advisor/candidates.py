"""Candidate indexes of a statement, by its conditions; the trial decides whether they help."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

from falconbus.performance.advisor.analysis import Candidate, ExistingIndex, Key, Reference, Table
from falconbus.performance.vitals.sql_names import plain

WIDEST = 3
#: A smaller table is read as quickly without an index.
SMALL_ROWS = 1_000
_MOST_OF_A_TABLE = 8
_LONGEST_NAME = 63


def derive(references: Iterable[Reference]) -> list[Candidate]:
    """Return the candidates for all places where tables are read, the most promising of each place first."""
    derived: dict[tuple[int, tuple[Key, ...]], Candidate] = {}
    for reference in references:
        table = reference.table
        if table.rows < SMALL_ROWS or _finds_one_row(reference):
            continue
        count = 0
        for keys, equal in _combinations(reference):
            if count == _MOST_OF_A_TABLE:
                break
            if not _is_served(table, keys, equal) and (table.oid, keys) not in derived:
                derived[table.oid, keys] = Candidate(table, keys, equal, name_of(table, keys))
                count += 1
    return list(derived.values())


def serves(index: ExistingIndex, keys: Sequence[str], equal: int = 0) -> bool:
    """Return whether an index begins with these keys, the first `equal` of them in any order."""
    if index.partial or not index.valid or index.method != "btree":
        return False
    there = [plain(key) for key in index.keys[: len(keys)]]
    wanted = [plain(key) for key in keys]
    return set(there[:equal]) == set(wanted[:equal]) and there[equal:] == wanted[equal:]


def name_of(table: Table, keys: Sequence[Key]) -> str:
    """Return an unused name, `ix_<table>_<columns>`, cut to what PostgreSQL allows."""
    words = re.findall(r"[a-z0-9]+", plain_name(table.name) + " " + " ".join(plain_name(str(key)) for key in keys))
    name = "_".join(["ix", *words])
    taken = {index.name for index in table.indexes}
    if len(name) > _LONGEST_NAME or name in taken:
        digest = hashlib.blake2b(" ".join(map(str, keys)).encode(), digest_size=3).hexdigest()
        name = f"{name[: _LONGEST_NAME - 7].rstrip('_')}_{digest}"
    return name


def plain_name(text: str) -> str:
    """Return the text in lower case and without casts."""
    return re.sub(r"::[a-z ]+", " ", text.lower())


def _finds_one_row(reference: Reference) -> bool:
    """Return whether a unique index already finds the one row that is wanted."""
    known = {plain(key.sql) for key in reference.equal}
    return any(
        index.unique and index.valid and not index.partial and {plain(key) for key in index.keys} <= known
        for index in reference.table.indexes
    )


def _is_served(table: Table, keys: Sequence[Key], equal: int) -> bool:
    written = [str(key) for key in keys]
    known = {plain(key) for key in written[:equal]}
    for index in table.indexes:
        if serves(index, written, equal):
            return True
        # What comes after a whole unique key sorts single rows.
        if index.unique and index.valid and not index.partial and {plain(key) for key in index.keys} <= known:
            return True
    return False


def _combinations(reference: Reference) -> Iterator[tuple[tuple[Key, ...], int]]:
    """Yield keys, with how many of them are compared for equality: these first, then a range, or the order."""
    distinct = reference.table.distinct
    equal = sorted(reference.equal, key=lambda key: -distinct.get(key.columns[0], 0.0))
    joined = [key for key in reference.joined if key not in equal]
    order = _order(reference.order)
    tails: list[tuple[Key, ...]] = [(key,) for key in reference.ranges[:2]]
    if order:
        tails.append(order)
    heads: list[tuple[Key, ...]] = []
    if equal:
        heads.append(tuple(equal))
    for key in joined:
        heads += [(key,), (key, *equal)] if equal else [(key,)]
    heads += [(key,) for key in equal]
    heads.append(())
    # Composite ones first, which do most when the time is short; then single keys.
    for head in heads:
        cut = head[:WIDEST]
        for tail in tails:
            free = tuple(key for key in tail if key not in cut)[: WIDEST - len(head[: WIDEST - 1])]
            if free:
                yield (*head[: WIDEST - 1], *free)[:WIDEST], len(head[: WIDEST - 1])
        if cut:
            yield cut, len(cut)


def _order(keys: Sequence[Key]) -> tuple[Key, ...]:
    """Return the keys to sort by; all of them descending is the same index, read backwards."""
    if keys and all(key.order == "DESC" for key in keys):
        return tuple(Key(key.sql, key.columns) for key in keys)
    return tuple(keys)
