"""A plan as PostgreSQL's EXPLAIN (FORMAT JSON) tells it, as a tree to read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from falconbus.performance.pages import formats

#: What is said of a step besides its name: the plan's word, and how to put it.
_DETAILS = {
    "Index Cond": "looks up {}",
    "Recheck Cond": "checks {}",
    "Filter": "keeps rows where {}",
    "Join Filter": "joins where {}",
    "Hash Cond": "joins on {}",
    "Merge Cond": "joins on {}",
    "Sort Key": "sorts by {}",
    "Group Key": "groups by {}",
}


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step with those that feed it. `reads_all` marks a sequential scan: every row of the table is looked at."""

    name: str
    target: str
    details: list[str]
    estimate: str
    reads_all: bool
    steps: list["PlanStep"]


def read_plan(plan: Any) -> PlanStep | None:
    """The tree of a plan; None where there is none. Takes the document, its only entry, or the step itself."""
    if isinstance(plan, list):
        plan = plan[0] if plan else None
    if not isinstance(plan, Mapping):
        return None
    return _step(plan.get("Plan", plan))


def _step(node: Mapping[str, Any]) -> PlanStep:
    kind = str(node.get("Node Type", "Step"))
    return PlanStep(
        name=_named(kind, node),
        target=_target(node),
        details=[
            words.format(", ".join(value) if isinstance(value := node[key], list) else value)
            for key, words in _DETAILS.items()
            if key in node
        ],
        estimate=_estimate(node),
        reads_all=kind == "Seq Scan",
        steps=[_step(child) for child in node.get("Plans", ())],
    )


def _named(kind: str, node: Mapping[str, Any]) -> str:
    join = node.get("Join Type")
    return f"{kind} ({str(join).lower()})" if join and join != "Inner" else kind


def _target(node: Mapping[str, Any]) -> str:
    table, index = (
        node.get("Relation Name") or node.get("CTE Name") or node.get("Function Name"),
        node.get("Index Name"),
    )
    if table and index:
        return f"{table} by {index}"
    return str(table or index or "")


def _estimate(node: Mapping[str, Any]) -> str:
    """Rows and cost; with a plan that was run, rows and time."""
    if "Actual Total Time" in node:
        rows, loops = node.get("Actual Rows", 0), node.get("Actual Loops", 1)
        took = formats.milliseconds(node["Actual Total Time"] * loops)
        return f"{formats.number(rows * loops)} rows in {took}" + (
            f", {formats.number(loops)} times" if loops > 1 else ""
        )
    if "Plan Rows" in node:
        rows = node["Plan Rows"]
        words = "row" if rows == 1 else "rows"
        return f"about {formats.number(rows)} {words}, cost {formats.number(node.get('Total Cost'))}"
    return ""
