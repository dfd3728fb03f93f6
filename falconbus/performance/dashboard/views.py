"""The performance dashboard as JSON, for whoever may see how the system performs."""

from flask import Blueprint

from falconbus.performance.dashboard import service
from falconbus.performance.dashboard.errors import BadPeriod, EndpointNotFound, StatementNotFound
from falconbus.performance.dashboard.figures import DashboardOut, EndpointDetailOut, StatementDetailOut
from falconbus.performance.dashboard.schemas import DashboardQuery, EndpointQuery, PeriodQuery
from falconbus.platform.telemetry.budget import query_budget
from falconbus.platform.web.identity import requires
from falconbus.platform.web.limits import uncounted
from falconbus.platform.web.operations import accepts_query, returns
from falconbus.platform.web.permissions import SEE_PERFORMANCE

bp = Blueprint("performance", __name__, url_prefix="/api/v1/performance")


@bp.get("/dashboard")
@requires(SEE_PERFORMANCE)
@query_budget(5)
@uncounted
@accepts_query(DashboardQuery)
@returns(DashboardOut, 200, BadPeriod)
def show_dashboard(query: DashboardQuery) -> DashboardOut:
    """Requests, statements, N+1, caches, limits, tasks and queues over a period; the last hour unless asked."""
    return service.get_dashboard(query.period(), query.sort)


@bp.get("/endpoints")
@requires(SEE_PERFORMANCE)
@query_budget(8)
@uncounted
@accepts_query(EndpointQuery)
@returns(EndpointDetailOut, 200, BadPeriod, EndpointNotFound)
def show_endpoint(query: EndpointQuery) -> EndpointDetailOut:
    """One endpoint over time: durations, its statements, its slowest captured requests step by step."""
    return service.get_endpoint(query.period(), query.endpoint)


@bp.get("/statements/<fingerprint>")
@requires(SEE_PERFORMANCE)
@query_budget(4)
@uncounted
@accepts_query(PeriodQuery)
@returns(StatementDetailOut, 200, BadPeriod, StatementNotFound)
def show_statement(fingerprint: str, query: PeriodQuery) -> StatementDetailOut:
    """One statement without its values: who sends it from where, over time, and its generic plan."""
    return service.get_statement(query.period(), fingerprint)
