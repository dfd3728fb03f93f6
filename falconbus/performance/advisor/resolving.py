"""Name resolution: the tables and columns that a statement reads, through aliases, subqueries, WITH and LATERAL."""

from collections.abc import Mapping
from typing import Any

from falconbus.performance.advisor.analysis import Analysis, Reference, Table
from falconbus.performance.advisor.comparing import Comparisons, number_of, parameters_in
from falconbus.performance.advisor.parsing import Named, Parsed, identifier
from falconbus.performance.advisor.scopes import Derived, Scope, columns_of
from falconbus.platform.kit.lazy import Lazy

_exp = Lazy("sqlglot.expressions")

#: Rows of a page, where a statement leaves their number open.
PAGE = "20"


def analyse(parsed: Parsed, tables: Mapping[Named, Table]) -> Analysis:
    """Return how a statement uses each table that it names."""
    reader = _Reader(tables)
    reader.statement(parsed.tree, None)
    return reader.analysis


class _Reader:
    def __init__(self, tables: Mapping[Named, Table]) -> None:
        self.analysis = Analysis()
        self._tables = tables
        self._comparisons = Comparisons(self.analysis)

    def statement(self, node: Any, outer: Scope | None) -> Derived:
        """Read a statement, or a query inside one; return its columns."""
        node = node.unnest()
        scope = Scope(outer)
        for cte in node.ctes if isinstance(node, _exp.Query) else self._common(node):
            name = identifier(cte.args["alias"].this)
            scope.common[name] = {}
            scope.common[name] = _renamed(self.statement(cte.this, scope), cte)
        if isinstance(node, _exp.SetOperation):
            columns = self.statement(node.left, scope)
            self.statement(node.right, scope)
            self._limits(node)
            return columns
        if isinstance(node, _exp.Select):
            return self._select(node, scope)
        if isinstance(node, _exp.Update | _exp.Delete):
            self._change(node, scope)
        return {}

    def _select(self, node: Any, scope: Scope) -> Derived:
        clause = node.args.get("from_")
        if clause is not None:
            self._source(clause.this, scope)
        self._joins(node, scope)
        self._where(node, scope)
        columns = self._projection(node, scope)
        for part in (*node.expressions, node.args.get("group"), node.args.get("having"), node.args.get("order")):
            if part is not None:
                self._inner(part, scope)
        self._order(node, scope)
        self._limits(node)
        return columns

    def _change(self, node: Any, scope: Scope) -> None:
        self._source(node.this, scope)
        self._joins(node, scope)
        clause = node.args.get("from_")
        for other in [clause.this] if clause is not None else node.args.get("using") or []:
            self._source(other, scope)
        for assignment in node.expressions if isinstance(node, _exp.Update) else []:
            self._comparisons.assigned(assignment, scope)
            self._inner(assignment, scope)
        self._where(node, scope)

    def _source(self, node: Any, scope: Scope) -> None:
        alias = _alias(node)
        if isinstance(node, _exp.Table) and isinstance(node.this, _exp.Identifier):
            schema = identifier(node.args["db"]) if node.args.get("db") else None
            name = identifier(node.this)
            common = scope.find_common(name) if schema is None else None
            if common is not None:
                scope.sources[alias or name] = _renamed(common, node)
            elif Named(schema, name) in self._tables:
                reference = Reference(self._tables[Named(schema, name)])
                self.analysis.references.append(reference)
                scope.sources[alias or name] = reference
        elif isinstance(node, _exp.Subquery | _exp.Lateral):
            inner = node.this
            columns = self.statement(inner, scope) if isinstance(inner, _exp.Query) else {}
            scope.sources[alias or f"?{len(scope.sources)}"] = _renamed(columns, node)
        elif isinstance(node, _exp.Paren):
            self._source(node.this, scope)
        self._joins(node, scope)

    def _joins(self, node: Any, scope: Scope) -> None:
        for join in node.args.get("joins") or []:
            before = list(scope.sources.values())
            self._source(join.this, scope)
            if join.args.get("on") is not None:
                self._comparisons.read(join.args["on"], scope)
                self._inner(join.args["on"], scope)
            for name in join.args.get("using") or []:
                self._using(identifier(name), before, scope)
        for lateral in node.args.get("laterals") or []:
            self._source(lateral, scope)

    def _using(self, name: str, before: list[Reference | Derived], scope: Scope) -> None:
        """Read `USING (name)` as an ON between the new table and one that was there before."""
        added = [alias for alias, source in scope.sources.items() if source not in before]
        owners = [alias for alias, source in scope.sources.items() if source in before and name in columns_of(source)]
        if added and owners:
            sides = [_exp.column(name, table=alias) for alias in (added[-1], owners[0])]
            self._comparisons.read(_exp.EQ(this=sides[0], expression=sides[1]), scope)

    def _where(self, node: Any, scope: Scope) -> None:
        clause = node.args.get("where")
        if clause is not None:
            self._comparisons.read(clause.this, scope)
            self._inner(clause.this, scope)

    def _projection(self, node: Any, scope: Scope) -> Derived:
        columns: Derived = {}
        for each in node.expressions:
            if isinstance(each, _exp.Star):
                for source in scope.sources.values():
                    columns |= columns_of(source)
            elif isinstance(each, _exp.Column) and isinstance(each.this, _exp.Star):
                columns |= columns_of(scope.sources.get(identifier(each.args["table"]), {}))
            else:
                inner = each.unalias()
                named = each.args.get("alias") or (inner.this if isinstance(inner, _exp.Column) else None)
                if isinstance(named, _exp.Identifier):
                    field = scope.resolve(inner) if isinstance(inner, _exp.Column) else None
                    columns[identifier(named)] = field or parameters_in(inner, scope)
        return columns

    def _order(self, node: Any, scope: Scope) -> None:
        """Read the first keys that are of one table; an index can give no more than these in order."""
        clause = node.args.get("order")
        aliases = {each.alias: each.this for each in node.expressions if isinstance(each, _exp.Alias)}
        first: Reference | None = None
        for ordered in clause.expressions if clause is not None else []:
            inner = ordered.this
            if isinstance(inner, _exp.Column) and not inner.table and inner.name in aliases:
                ordered = _exp.Ordered(**{**ordered.args, "this": aliases[inner.name].copy()})  # noqa: PLW2901
            found = self._comparisons.order_key(ordered, scope)
            if found is None or found[0] is not (first or found[0]):
                return
            first = found[0]
            first.order.append(found[1])

    def _limits(self, node: Any) -> None:
        for clause, value in (("limit", PAGE), ("offset", "0")):
            limit = node.args.get(clause)
            for parameter in limit.find_all(_exp.Parameter) if limit is not None else []:
                self.analysis.fixed[number_of(parameter)] = value

    def _inner(self, node: Any, scope: Scope) -> None:
        """Read the queries inside an expression."""
        for each in node.walk(prune=lambda part: isinstance(part, _exp.Query)):
            if isinstance(each, _exp.Query):
                self.statement(each, scope)

    @staticmethod
    def _common(node: Any) -> list[Any]:
        clause = node.args.get("with_")
        return list(clause.expressions) if clause is not None else []


def _alias(node: Any) -> str | None:
    alias = node.args.get("alias")
    return identifier(alias.this) if alias is not None and alias.this is not None else None


def _renamed(columns: Derived, node: Any) -> Derived:
    """Return the columns with the names of `AS alias (name, ...)`."""
    alias = node.args.get("alias")
    names = [identifier(each) for each in (alias.args.get("columns") or [] if alias is not None else [])]
    return dict(zip(names, columns.values(), strict=False)) if names else columns
