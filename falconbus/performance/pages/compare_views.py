"""Two releases or two stretches of time: which endpoints really changed."""

from datetime import datetime

from flask import Blueprint, request
from werkzeug.wrappers import Response

from falconbus.performance.pages import comparisons, frame, queries
from falconbus.performance.pages.period import read_local
from falconbus.performance.release_comparison import service
from falconbus.performance.release_comparison.models import ComparisonState
from falconbus.performance.release_comparison.results import Side
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.web.declarations import PAGE
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation
from falconbus.platform.web.permissions import SEE_PERFORMANCE, TEND_PERFORMANCE

bp = Blueprint("comparisons", __name__)


@operation(bp.get("/compare"), who=SEE_PERFORMANCE, gives={200: PAGE}, budget=2)
def show_comparisons() -> str:
    """The form, and what was compared before."""
    return _show()


def _show(fault: DomainError | None = None) -> str:
    """The list, with the form as it was sent when something was wrong with it."""
    return frame.render(
        "comparisons.html",
        "Compare",
        tab="comparisons.show_comparisons",
        releases=queries.releases(),
        fault=fault,
        typed=request.form,
        comparisons=service.list_comparisons(),
        may_tend=caller().may(TEND_PERFORMANCE),
        words=lambda row, side: comparisons.side_words(
            Side(row[f"{side}_release"], row[f"{side}_from"], row[f"{side}_to"])
        ),
    )


@operation(bp.post("/compare"), who=TEND_PERFORMANCE, gives={200: PAGE}, budget=4)
def compare() -> Response | tuple[str, int]:
    """Have a worker compare; its page shows how far it is. A side that says nothing leaves the form as it is."""
    try:
        comparison_id = service.request_comparison(_side("baseline"), _side("candidate"))
    except DomainError as fault:
        return _show(fault), fault.status
    return frame.see("comparisons.show_comparison", "comparing", comparison_id=comparison_id)


@operation(bp.get("/compare/<id:comparison_id>"), who=SEE_PERFORMANCE, gives={200: PAGE}, budget=1)
def show_comparison(comparison_id: int) -> str:
    """One comparison: its state, then its result."""
    comparison = service.get_comparison(comparison_id)
    result = comparison.outcome
    return frame.render(
        "comparison.html",
        comparisons.title(comparison.baseline, comparison.candidate),
        tab="comparisons.show_comparisons",
        comparison=comparison,
        is_waiting=comparison.state in {ComparisonState.QUEUED, ComparisonState.RUNNING},
        result=result,
        rows=comparisons.rows(result) if result else [],
        width=comparisons.WIDTH,
    )


def _side(name: str) -> Side:
    """A release wins over a stretch: the form has both fields."""
    release = request.form.get(f"{name}_release", "").strip()
    if release:
        return Side(release)
    return Side(None, _time(f"{name}_from"), _time(f"{name}_to"))


def _time(name: str) -> datetime | None:
    return read_local(request.form.get(name), name.partition("_")[2], frame.time_zone())
