"""Lapses over the API."""

from typing import Any

from flask import Blueprint

from falconbus.platform.database.pagination import Page, keyset_page
from falconbus.platform.web.operations import operation
from falconbus.scheduling.lapses import queries
from falconbus.scheduling.lapses.models import Lapse
from falconbus.scheduling.lapses.schemas import LapseOut, LapsesQuery
from falconbus.scheduling.permissions import DISPATCH

bp = Blueprint("lapses", __name__, url_prefix="/api/v1/scheduling")


@operation(bp.get("/lapses"), who=DISPATCH, asks=LapsesQuery, gives={200: Page[LapseOut]}, budget=1)
def list_lapses(query: LapsesQuery) -> Page[Any]:
    """What was checked when rides got their buses and people, and does not hold any more; compared each minute."""
    return keyset_page(queries.lapses(query.kind), Lapse.id, query, LapseOut, LapseOut.of)
