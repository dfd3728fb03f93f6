"""The overview and one endpoint; the other pages of the dashboard are parts of this blueprint."""

from flask import request

from falconbus.performance.dashboard import service
from falconbus.performance.dashboard.errors import EndpointNotFound
from falconbus.performance.pages import (
    advice_views,
    charts,
    columns,
    compare_views,
    formats,
    frame,
    statement_views,
    svg_shapes,
    system_views,
)
from falconbus.performance.pages.cost_findings import costs
from falconbus.performance.pages.incident_findings import incidents
from falconbus.performance.pages.tables import sort_tables
from falconbus.performance.pages.timelines import timelines
from falconbus.platform.web.declarations import PAGE
from falconbus.platform.web.operations import operation
from falconbus.platform.web.permissions import SEE_PERFORMANCE

bp = frame.bp
for part in (statement_views.bp, advice_views.bp, system_views.bp, compare_views.bp):
    bp.register_blueprint(part)


@operation(bp.get(""), who=SEE_PERFORMANCE, gives={200: PAGE}, budget=12)
def show_overview() -> str:
    """What is wrong and what to do about it; throughput, response times, what costs time, the endpoints."""
    picked = frame.picked()
    page = service.get_dashboard(picked.period)
    return frame.render(
        "overview.html",
        "Overview",
        tab="show_overview",
        picked=picked,
        page=page,
        sort=request.args.get("sort", ""),
        tables=sort_tables(
            endpoints=(page.endpoints, columns.ENDPOINTS, "time"), failed=(page.faults, columns.FAILED, "")
        ),
        spark=svg_shapes.sparkline,
        wrong=incidents(page, picked),
        costs=costs(page, picked),
        throughput=charts.throughput(page.series, page.period.slot_seconds, page.releases),
        durations=charts.durations(page.series, page.releases),
    )


@operation(bp.get("/endpoint"), who=SEE_PERFORMANCE, gives={200: PAGE}, budget=8)
def show_endpoint() -> str:
    """One endpoint (`?key=GET /api/v1/schedules`): its times, statements and slowest requests."""
    picked = frame.picked()
    key = request.args.get("key", "").strip()
    if not key or len(key) > 300 or not key.isprintable():
        raise EndpointNotFound("Choose an endpoint on the overview: this address names none.")
    page = service.get_endpoint(picked.period, key)
    when = [formats.moment(frame.local(at)) for at in page.series.at]
    return frame.render(
        "endpoint.html",
        page.endpoint.key,
        tab="show_overview",
        picked=picked,
        page=page,
        statements=sort_tables(statements=(page.statements, columns.STATEMENTS, "time"))["statements"],
        throughput=charts.throughput(page.series, page.period.slot_seconds),
        durations=charts.durations(page.series),
        heat=svg_shapes.heat_map(page.heat, when) if page.endpoint.requests else None,
        timelines=timelines(page.samples),
    )
