"""Benchmark of search as data grows: ten thousand schedules, and a hundred times as many."""

from benchmarks import dataset, network
from benchmarks.environment import Databases
from benchmarks.network import NetworkSize
from benchmarks.paired_rounds import Side, alternate, median_ratio
from benchmarks.report import Goal, Report
from benchmarks.search import SearchRequests
from benchmarks.server import OURS, WebServer

REACH = 1.3


def run(databases: Databases, *, seconds: float, clients: int, huge: bool) -> Report:
    """Compare the p95 of both sizes in turns; responses have the same length, only the tables are larger."""
    large = network.HUGE if huge else network.LARGE
    few, many = (_searches(databases, size) for size in (network.SMALL, large))
    with (
        WebServer("few", OURS, databases.settings(_name(network.SMALL))) as small_web,
        WebServer("many", OURS, databases.settings(_name(large))) as large_web,
    ):
        sides = [Side(large_web, many.source), Side(small_web, few.source)]
        alternate(sides, clients=clients, seconds=seconds)
    return Report(
        "scale",
        rows=[side.figures() for side in sides],
        goals=[Goal("p95, of that of the small one", median_ratio(sides[0].p95s, sides[1].p95s), REACH, at_most=True)],
        notes=[f"few: {network.SMALL.schedules:,} schedules, many: {large.schedules:,}, {clients} clients"],
    )


def _name(size: NetworkSize) -> str:
    return f"scale_{size.schedules}"


def _searches(databases: Databases, size: NetworkSize) -> SearchRequests:
    dataset.ensure(databases, _name(size), size)
    return SearchRequests(network.stop_pairs(size), databases.today(), size.days)
