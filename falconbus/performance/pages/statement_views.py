"""Statements: the slow ones, one with its plan, and those that are repeated within a request."""

from flask import Blueprint

from falconbus.performance.advisor import service as advisor
from falconbus.performance.dashboard import service
from falconbus.performance.pages import charts, columns, frame, queries
from falconbus.performance.pages.plans import read_plan
from falconbus.performance.pages.tables import sort_tables
from falconbus.platform.web.declarations import PAGE
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation
from falconbus.platform.web.permissions import SEE_PERFORMANCE, TEND_PERFORMANCE

bp = Blueprint("statements", __name__)


@operation(bp.get("/statements"), who=SEE_PERFORMANCE, gives={200: PAGE}, budget=6)
def show_statements() -> str:
    """The statements that take the most time."""
    picked = frame.picked()
    page = service.get_dashboard(picked.period)
    return frame.render(
        "statements.html",
        "Statements",
        tab="statements.show_statements",
        picked=picked,
        page=page,
        statements=sort_tables(statements=(page.statements, columns.STATEMENTS, "time"))["statements"],
    )


@operation(bp.get("/repeated"), who=SEE_PERFORMANCE, gives={200: PAGE}, budget=6)
def show_repeated() -> str:
    """Lines of code that send the same statement again and again within a request (N+1)."""
    picked = frame.picked()
    page = service.get_dashboard(picked.period)
    return frame.render(
        "repeated.html", "Repeated statements", tab="statements.show_repeated", picked=picked, page=page
    )


@operation(bp.get("/statements/<fingerprint>"), who=SEE_PERFORMANCE, gives={200: PAGE}, budget=8)
def show_statement(fingerprint: str) -> str:
    """One statement: who sends it, how long it takes, its plan, and the index that would help."""
    picked = frame.picked()
    page = service.get_statement(picked.period, fingerprint)
    return frame.render(
        "statement.html",
        "Statement",
        tab="statements.show_statements",
        picked=picked,
        page=page,
        senders=sort_tables(senders=(page.owners, columns.SENDERS, "time"))["senders"],
        charts=charts.statement(page.series),
        plan=read_plan(page.plan),
        plans=read_plan,
        advice=advisor.list_advice(fingerprint),
        is_searching=queries.is_being_advised(fingerprint),
        check=advisor.find_check(fingerprint),
        may_tend=caller().may(TEND_PERFORMANCE),
    )
