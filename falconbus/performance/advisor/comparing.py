"""The comparisons of a condition: columns with parameters and constants, and columns with columns."""

from collections.abc import Iterator
from typing import Any

from falconbus.performance.advisor.analysis import Analysis, Comparison, Edge, Key, Reference, Use
from falconbus.performance.advisor.parsing import identifier
from falconbus.performance.advisor.scopes import Field, Scope
from falconbus.performance.vitals.sql_names import quote
from falconbus.platform.kit.lazy import Lazy

_exp = Lazy("sqlglot.expressions")


class Comparisons:
    """Adds the comparisons of conditions to an analysis."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis

    def read(self, condition: Any, scope: Scope) -> None:
        """Add the comparisons of a condition; an index can serve each of the parts that AND joins."""
        condition = condition.unnest()
        if isinstance(condition, _exp.And):
            for part in condition.flatten():
                self.read(part, scope)
            return
        self._part(condition, scope, indexable=True)
        if not isinstance(condition, _comparing()):
            for each in within(condition):
                if each is not condition and isinstance(each, _comparing()):
                    self._part(each, scope, indexable=False)

    def assigned(self, assignment: Any, scope: Scope) -> None:
        """Add `SET column = $1`, whose values are drawn from the column's."""
        found = scope.resolve(assignment.this) if isinstance(assignment, _exp.EQ) else None
        if found is not None:
            for number in parameters_in(assignment.expression, scope):
                self._compare(number, Comparison(found[0], quote(found[1]), Use.EQUAL, array=False, direct=False))

    def order_key(self, ordered: Any, scope: Scope) -> tuple[Reference, Key] | None:
        """Return the key that ORDER BY sorts by, when it is of one table."""
        found = self._key(ordered.this, scope)
        if found is None:
            return None
        descending = bool(ordered.args.get("desc"))
        first = bool(ordered.args.get("nulls_first"))
        nulls = "" if first == descending else " NULLS FIRST" if first else " NULLS LAST"
        return found[0], Key(found[1].sql, found[1].columns, f"{'DESC' if descending else ''}{nulls}".strip())

    def _part(self, node: Any, scope: Scope, *, indexable: bool) -> None:
        for left, right, use, array in _sides(node):
            found = self._key(left, scope)
            if found is None:
                continue
            reference, key = found
            others = {field[0] for field in _fields(right, scope)} if right is not None else set()
            if right is not None:
                direct = number_if_direct(right)
                for number in parameters_in(right, scope):
                    self._compare(number, Comparison(reference, key.sql, use, array, direct=number == direct))
            if indexable and use is not Use.LIKE and reference not in others:
                wanted = reference.ranges if use is not Use.EQUAL else reference.joined if others else reference.equal
                if key not in wanted:
                    wanted.append(key)
                self._edge((reference, key), right, scope, use)

    def _edge(self, left: tuple[Reference, Key], right: Any, scope: Scope, use: Use) -> None:
        if use is Use.EQUAL and isinstance(right, _exp.Column) and not left[1].is_expression:
            found = scope.resolve(right)
            if found is not None:
                edge = Edge(left[0].table, left[1].columns[0], found[0].table, found[1])
                self._analysis.edges.append(edge)

    def _compare(self, number: int, comparison: Comparison) -> None:
        self._analysis.comparisons.setdefault(number, []).append(comparison)

    def _key(self, node: Any, scope: Scope) -> tuple[Reference, Key] | None:
        """Return a column, or an expression over columns of one table, as the key of an index."""
        node = node.unnest()
        if isinstance(node, _exp.Column):
            found = scope.resolve(node)
            return (found[0], Key(quote(found[1]), (found[1],))) if found else None
        if not isinstance(node, _exp.Func | _exp.Binary | _exp.Cast | _exp.Bracket) or isinstance(node, _exp.AggFunc):
            return None
        fields = _fields(node, scope)
        columns = [each for each in within(node) if isinstance(each, _exp.Column)]
        closed = not node.find(_exp.Parameter, _exp.Query, _exp.AggFunc, _exp.Window)
        if not closed or not fields or len(fields) != len(columns) or len({field[0] for field in fields}) > 1:
            return None
        names = tuple(dict.fromkeys(field[1] for field in fields))
        return fields[0][0], Key(_expression(node, scope), names)


def parameters_in(node: Any, scope: Scope) -> frozenset[int]:
    """Return the parameters of an expression, and those that its columns are computed from."""
    found: set[int] = set()
    for each in within(node):
        if isinstance(each, _exp.Parameter):
            found.add(number_of(each))
        elif isinstance(each, _exp.Column):
            found |= scope.parameters_of(each)
    return frozenset(found)


def number_if_direct(side: Any) -> int | None:
    """Return the n of `$n`, be it cast or lower(); None when more is computed: `$1 - interval '1 day'`."""
    while isinstance(side, _exp.Cast | _exp.Paren | _exp.Lower | _exp.Upper | _exp.Any):
        side = side.this
    return number_of(side) if isinstance(side, _exp.Parameter) else None


def within(node: Any) -> Iterator[Any]:
    """Yield the parts of a condition, except those of the queries inside."""
    for each in node.walk(prune=lambda part: isinstance(part, _exp.Query)):
        if not isinstance(each, _exp.Query):
            yield each


def number_of(parameter: Any) -> int:
    """Return the n of `$n`."""
    return int(parameter.this.name) if parameter.this.name.isdigit() else 0


def _comparing() -> tuple[Any, ...]:
    return (_exp.EQ, _exp.GT, _exp.GTE, _exp.LT, _exp.LTE, _exp.Between, _exp.In, _exp.Like, _exp.ILike, _exp.Is)


def _sides(node: Any) -> Iterator[tuple[Any, Any, Use, bool]]:
    """Yield the comparisons: (column's side, other side or None, use, whether the other is an array)."""
    match node:
        case _ if isinstance(node, _exp.Column):
            yield node, None, Use.EQUAL, False
        case _ if isinstance(node, _exp.Not) and isinstance(node.this.unnest(), _exp.Column):
            yield node.this, None, Use.EQUAL, False
        case _ if isinstance(node, _exp.Is) and isinstance(node.expression, _exp.Null | _exp.Boolean):
            yield node.this, None, Use.EQUAL, False
        case _ if isinstance(node, _exp.Between):
            yield node.this, node.args["low"], Use.LOWER, False
            yield node.this, node.args["high"], Use.UPPER, False
        case _ if isinstance(node, _exp.In):
            yield from _in(node)
        case _ if isinstance(node, _exp.Like | _exp.ILike):
            yield node.this, node.expression, Use.LIKE, False
        case _ if isinstance(node, _exp.EQ | _exp.GT | _exp.GTE | _exp.LT | _exp.LTE):
            yield from _binary(node)


def _in(node: Any) -> Iterator[tuple[Any, Any, Use, bool]]:
    query = node.args.get("query")
    if query is not None:
        inner = query.unnest()
        chosen = inner.expressions[0].unalias() if isinstance(inner, _exp.Select) and inner.expressions else None
        yield node.this, chosen if isinstance(chosen, _exp.Column) else None, Use.EQUAL, False
    for each in node.expressions:
        yield node.this, each, Use.EQUAL, False


def _binary(node: Any) -> Iterator[tuple[Any, Any, Use, bool]]:
    left, right = node.this, node.expression
    if isinstance(left, _exp.Tuple) and isinstance(right, _exp.Tuple):
        # (a, b) < ($1, $2): an index on a serves it.
        for one, other in zip(left.expressions, right.expressions, strict=False):
            yield from _binary(type(node)(this=one, expression=other))
        return
    array = isinstance(right, _exp.Any)
    if isinstance(node, _exp.EQ):
        yield left, right, Use.EQUAL, array
        yield right, left, Use.EQUAL, False
        return
    from_below = isinstance(node, _exp.GT | _exp.GTE)
    yield left, right, Use.LOWER if from_below else Use.UPPER, array
    yield right, left, Use.UPPER if from_below else Use.LOWER, False


def _fields(node: Any, scope: Scope) -> list[Field]:
    found = (scope.resolve(each) for each in within(node) if isinstance(each, _exp.Column))
    return [field for field in found if field is not None]


def _expression(node: Any, scope: Scope) -> str:
    def bare(part: Any) -> Any:
        if isinstance(part, _exp.Column):
            field = scope.resolve(part)
            return _exp.column(_exp.to_identifier(field[1] if field else identifier(part.this)))
        return part

    text = str(node.copy().transform(bare).sql(dialect="postgres", normalize_functions="lower"))
    is_call = isinstance(node, _exp.Func) and not isinstance(node, _exp.Cast | _exp.Binary | _exp.Bracket)
    return text if is_call else f"({text})"
