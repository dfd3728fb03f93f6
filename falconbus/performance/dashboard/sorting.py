"""The sorting of endpoints."""

from collections.abc import Callable
from enum import StrEnum

from falconbus.performance.dashboard.figures import EndpointOut


class Sort(StrEnum):
    """What endpoints are sorted by: the most first, names from A to Z."""

    TIME = "time"
    KEY = "key"
    REQUESTS = "requests"
    ERRORS = "errors"
    P50 = "p50"
    P95 = "p95"
    P99 = "p99"
    MEAN = "mean"
    QUERIES = "queries"
    OVER_BUDGET = "over_budget"
    REPEATED = "repeated"
    SQL = "sql"
    CACHE = "cache"


_FIGURES: dict[Sort, Callable[[EndpointOut], float | None]] = {
    Sort.TIME: lambda endpoint: endpoint.time_share,
    Sort.REQUESTS: lambda endpoint: endpoint.requests,
    Sort.ERRORS: lambda endpoint: endpoint.errors,
    Sort.P50: lambda endpoint: endpoint.p50_ms,
    Sort.P95: lambda endpoint: endpoint.p95_ms,
    Sort.P99: lambda endpoint: endpoint.p99_ms,
    Sort.MEAN: lambda endpoint: endpoint.mean_ms,
    Sort.QUERIES: lambda endpoint: endpoint.queries_per_request,
    Sort.OVER_BUDGET: lambda endpoint: endpoint.over_budget,
    Sort.REPEATED: lambda endpoint: endpoint.repeated_per_request,
    Sort.SQL: lambda endpoint: endpoint.sql_share,
    Sort.CACHE: lambda endpoint: endpoint.cache_hit_share,
}


def ordered(endpoints: list[EndpointOut], by: Sort) -> list[EndpointOut]:
    """Return the endpoints in that order; those without the figure come last, equal ones by name."""
    figure = _FIGURES.get(by)
    if figure is None:
        return sorted(endpoints, key=lambda endpoint: (endpoint.rule, endpoint.method))
    figures = {endpoint.key: figure(endpoint) for endpoint in endpoints}
    return sorted(
        endpoints,
        key=lambda endpoint: (
            figures[endpoint.key] is None,
            -(figures[endpoint.key] or 0),
            endpoint.rule,
            endpoint.method,
        ),
    )
