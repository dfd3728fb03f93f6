"""The performance dashboard as JSON, for whoever may see how the system performs."""

from flask import Blueprint

from falconbus.performance.dashboard import service
from falconbus.performance.dashboard.errors import BadPeriod, EndpointNotFound, StatementNotFound
from falconbus.performance.dashboard.figures import DashboardOut, EndpointDetailOut, StatementDetailOut
from falconbus.performance.dashboard.schemas import DashboardQuery, EndpointQuery, PeriodQuery
from falconbus.platform.web.operations import operation
from falconbus.platform.web.permissions import SEE_PERFORMANCE

bp = Blueprint("performance", __name__, url_prefix="/api/v1/performance")


@operation(
    bp.get("/dashboard"),
    who=SEE_PERFORMANCE,
    asks=DashboardQuery,
    gives={200: DashboardOut},
    refuses=(BadPeriod,),
    counted=False,
    budget=5,
)
def show_dashboard(query: DashboardQuery) -> DashboardOut:
    """Requests, statements, N+1, caches, limits, tasks and queues over a period; the last hour unless asked."""
    return service.get_dashboard(query.period(), query.sort)


@operation(
    bp.get("/endpoints"),
    who=SEE_PERFORMANCE,
    asks=EndpointQuery,
    gives={200: EndpointDetailOut},
    refuses=(BadPeriod, EndpointNotFound),
    counted=False,
    budget=8,
)
def show_endpoint(query: EndpointQuery) -> EndpointDetailOut:
    """One endpoint over time: durations, its statements, its slowest captured requests step by step."""
    return service.get_endpoint(query.period(), query.endpoint)


@operation(
    bp.get("/statements/<fingerprint>"),
    who=SEE_PERFORMANCE,
    asks=PeriodQuery,
    gives={200: StatementDetailOut},
    refuses=(BadPeriod, StatementNotFound),
    counted=False,
    budget=4,
)
def show_statement(fingerprint: str, query: PeriodQuery) -> StatementDetailOut:
    """One statement without its values: who sends it from where, over time, and its generic plan."""
    return service.get_statement(query.period(), fingerprint)
