"""Comparisons over the API: request, list, read."""

from typing import Any

from flask import Blueprint

from falconbus.performance.release_comparison import queries, service
from falconbus.performance.release_comparison.errors import BadSide, ComparisonNotFound, ReleaseNotFound
from falconbus.performance.release_comparison.models import ComparisonState
from falconbus.performance.release_comparison.schemas import (
    ComparisonAccepted,
    ComparisonItem,
    ComparisonOut,
    ComparisonRequest,
)
from falconbus.platform.database.pagination import CursorQuery, Page, keyset_page
from falconbus.platform.web.operations import operation
from falconbus.platform.web.permissions import SEE_PERFORMANCE

bp = Blueprint("comparisons", __name__, url_prefix="/api/v1/performance/comparisons")


@operation(
    bp.post(""),
    who=SEE_PERFORMANCE,
    takes=ComparisonRequest,
    gives={202: ComparisonAccepted},
    refuses=(ReleaseNotFound, BadSide),
    budget=3,
)
def create_comparison(body: ComparisonRequest) -> ComparisonAccepted:
    """Have two releases, or two stretches of time, compared by a worker."""
    comparison_id = service.request_comparison(body.baseline.side(), body.candidate.side())
    return ComparisonAccepted(comparison_id, ComparisonState.QUEUED)


@operation(bp.get(""), who=SEE_PERFORMANCE, asks=CursorQuery, gives={200: Page[ComparisonItem]}, budget=1)
def list_comparisons(query: CursorQuery) -> Page[Any]:
    """Comparisons, the newest first."""
    return keyset_page(queries.comparisons(), queries.KEY, query, ComparisonItem, ComparisonItem.of)


@operation(
    bp.get("/<id:comparison_id>"),
    who=SEE_PERFORMANCE,
    gives={200: ComparisonOut},
    refuses=(ComparisonNotFound,),
    budget=1,
)
def show_comparison(comparison_id: int) -> ComparisonOut:
    """A comparison: how far it is, and each endpoint's verdict when it is done."""
    return ComparisonOut.of(service.get_comparison(comparison_id))
