"""Advice on indexes: what was proven, having a statement looked at, putting advice away."""

from flask import Blueprint
from werkzeug.wrappers import Response

from falconbus.performance.advisor import service
from falconbus.performance.advisor.models import AdviceState
from falconbus.performance.pages import columns, frame
from falconbus.performance.pages.plans import read_plan
from falconbus.performance.pages.tables import sort_tables
from falconbus.performance.vitals import postgres
from falconbus.platform.web.declarations import PAGE
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation
from falconbus.platform.web.permissions import SEE_PERFORMANCE, TEND_PERFORMANCE

bp = Blueprint("advice", __name__)

_CLOSED = {AdviceState.DISMISSED, AdviceState.WITHDRAWN}


@operation(bp.get("/advice"), who=SEE_PERFORMANCE, gives={200: PAGE}, budget=7)
def show_advice() -> str:
    """Indexes to add, those that were added with what came of it, and those to drop."""
    every, vitals = service.list_advice(), postgres.vitals()
    return frame.render(
        "advice.html",
        "Advice",
        tab="advice.show_advice",
        open=[one for one in every if one.state is AdviceState.OPEN],
        applied=[one for one in every if one.state is AdviceState.APPLIED],
        closed=[one for one in every if one.state in _CLOSED],
        plans=read_plan,
        postgres=vitals,
        unused=sort_tables(unused=(vitals.unused_indexes, columns.UNUSED, "size"))["unused"],
        may_tend=caller().may(TEND_PERFORMANCE),
    )


@operation(bp.post("/statements/<fingerprint>/advice"), who=TEND_PERFORMANCE, gives={200: PAGE}, budget=2)
def find_index(fingerprint: str) -> Response:
    """Have a worker try indexes for a statement; its page shows the proof."""
    service.request_advice(fingerprint)
    return frame.see("statements.show_statement", "searching", fingerprint=fingerprint)


@operation(bp.post("/advice/<id:advice_id>/dismiss"), who=TEND_PERFORMANCE, gives={200: PAGE}, budget=2)
def dismiss(advice_id: int) -> Response:
    """Put advice away."""
    service.dismiss(advice_id)
    return frame.see("advice.show_advice", "dismissed")
