"""Plans of EXPLAIN (FORMAT JSON): without values, and the indexes they use."""

import re
from collections.abc import Iterator
from typing import Any

#: Properties that hold PostgreSQL's own words and names of our tables; other text may hold values.
_PLAIN = frozenset({
    "Node Type", "Strategy", "Parent Relationship", "Join Type", "Relation Name", "Alias", "Index Name",
    "Scan Direction", "Subplan Name", "CTE Name", "Sort Method", "Sort Space Type", "Partial Mode", "Command",
    "Operation", "Function Name", "Cache Mode", "Storage",
})  # fmt: skip
#: The schema is the scratch one; the cost of finding a plan depends on what ran before.
_LEFT_OUT = frozenset({"Schema", "Triggers", "Planning", "Settings"})
_VALUE = re.compile(
    r"""[BXEN]?'(?:[^']|'')*' | (?<![\w$."])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?""", re.VERBOSE | re.IGNORECASE
)


def masked(plan: Any) -> Any:
    """Return the plan with a question mark for each value in its conditions."""
    if isinstance(plan, dict):
        return {
            name: value if name in _PLAIN else masked(value) for name, value in plan.items() if name not in _LEFT_OUT
        }
    if isinstance(plan, list):
        return [masked(each) for each in plan]
    return _VALUE.sub("?", plan) if isinstance(plan, str) else plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every node, from the top down."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def uses(plan: dict[str, Any], names: set[str]) -> bool:
    """Return whether a plan reads every one of these indexes."""
    return names <= {node.get("Index Name") for node in nodes(plan["Plan"])}
