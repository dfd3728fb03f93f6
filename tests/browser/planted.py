"""Endpoints with faults for the dashboard to find. Only a test's web processes have them: see planted_app.py."""

import os
from typing import Any

from flask import Blueprint, request
from sqlalchemy import text

from falconbus.platform.database.engine import db
from falconbus.platform.web.declarations import PAGE, PUBLIC
from falconbus.platform.web.operations import operation

bp = Blueprint("planted", __name__, url_prefix="/api/v1/planted")

_DEPOTS = text("SELECT id, name FROM planted_depots ORDER BY id")
_WAITING = text("SELECT count(*) AS waiting FROM planted_visits WHERE depot_id = :depot_id")
_LABELLED = text("SELECT id, grams FROM planted_parcels WHERE label = :label")


@operation(bp.get("/depots"), who=PUBLIC, gives={200: PAGE}, budget=2)
def list_depots() -> dict[str, Any]:
    """N+1: a statement for each depot, two calls from here."""
    return {"results": describe_depots()}


def describe_depots() -> list[dict[str, Any]]:
    described = []
    for depot in db.session.execute(_DEPOTS).all():
        described.append({"name": depot.name, "waiting": count_waiting(depot.id)})  # noqa: PERF401  one frame a function
    return described


def count_waiting(depot_id: int) -> int:
    [row] = db.session.execute(_WAITING, {"depot_id": depot_id}).all()
    return int(row.waiting)


@operation(bp.get("/parcels"), who=PUBLIC, gives={200: PAGE}, budget=1)
def find_parcels() -> dict[str, Any]:
    """Reads the whole table, for want of an index on the label."""
    return {"results": [row.grams for row in db.session.execute(_LABELLED, {"label": request.args["label"]}).all()]}


@operation(bp.get("/process"), who=PUBLIC, gives={200: PAGE}, budget=0)
def show_process() -> dict[str, Any]:
    """Which process answers."""
    return {"process": os.getpid()}
