"""Advice on indexes: what was proven, having a statement looked at, putting advice away."""

from flask import Blueprint

from falconbus.performance.advisor import service
from falconbus.performance.advisor.models import AdviceState
from falconbus.performance.pages import frame
from falconbus.performance.pages.plans import read_plan
from falconbus.security import Permission, caller, requires
from falconbus.telemetry.budget import query_budget

bp = Blueprint("advice", __name__)

_CLOSED = {AdviceState.DISMISSED, AdviceState.WITHDRAWN}


@bp.get("/advice")
@requires(Permission.SEE_PERFORMANCE)
@query_budget(10)
def show_advice() -> str:
    """Indexes to add, those that were added with what came of it, and those to drop."""
    every = service.list_advice()
    return frame.render(
        "advice.html",
        "Advice",
        tab="advice.show_advice",
        open=[one for one in every if one.state is AdviceState.OPEN],
        applied=[one for one in every if one.state is AdviceState.APPLIED],
        closed=[one for one in every if one.state in _CLOSED],
        plans=read_plan,
        may_tend=caller().may(Permission.TEND_PERFORMANCE),
    )
