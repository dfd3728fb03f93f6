"""Search as data grows: the same question to ten thousand schedules and to a hundred times as many."""

from benchmarks import line, loading
from benchmarks.line import Size
from benchmarks.places import Databases
from benchmarks.report import Goal, Report
from benchmarks.rounds import Side, alternate, ratio
from benchmarks.search import Searches
from benchmarks.web import OURS, Web

REACH = 1.3


def run(databases: Databases, *, seconds: float, clients: int, huge: bool) -> Report:
    """p95 of both sizes, in turns; answers are of the same length, only there is more beside them."""
    large = line.HUGE if huge else line.LARGE
    few, many = (_searches(databases, size) for size in (line.SMALL, large))
    with (
        Web("few", OURS, databases.settings(_name(line.SMALL))) as small_web,
        Web("many", OURS, databases.settings(_name(large))) as large_web,
    ):
        sides = [Side(large_web, many.source), Side(small_web, few.source)]
        alternate(sides, clients=clients, seconds=seconds)
    return Report(
        "scale",
        rows=[side.figures() for side in sides],
        goals=[Goal("p95, of that of the small one", ratio(sides[0].p95s, sides[1].p95s), REACH, at_most=True)],
        notes=[f"few: {line.SMALL.schedules:,} schedules, many: {large.schedules:,}, {clients} clients"],
    )


def _name(size: Size) -> str:
    return f"scale_{size.schedules}"


def _searches(databases: Databases, size: Size) -> Searches:
    loading.ensure(databases, _name(size), size)
    return Searches(line.rides(size), databases.today(), size.days)
