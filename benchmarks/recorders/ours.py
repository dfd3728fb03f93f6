"""Our app with one more endpoint: a request of three statements, each sent from a line of its own."""

from typing import Any

from flask import Flask
from sqlalchemy import text

from benchmarks.recorders import statements
from falconbus.platform.database.engine import db
from falconbus.platform.web.declarations import PUBLIC
from falconbus.platform.web.operations import operation
from wsgi import app

__all__ = ["app"]

_ONE_STOP = text(statements.ONE_STOP)
_ROUTES_FROM = text(statements.ROUTES_FROM)
_FARE_CLASSES = text(statements.FARE_CLASSES)


def find_stop(code: str) -> list[Any]:
    return [tuple(row) for row in db.session.execute(_ONE_STOP, {"code": code}).all()]


def routes_from(stop_id: int) -> list[Any]:
    return [tuple(row) for row in db.session.execute(_ROUTES_FROM, {"stop_id": stop_id}).all()]


def fare_classes() -> list[Any]:
    return [tuple(row) for row in db.session.execute(_FARE_CLASSES).all()]


def add_address(to: Flask) -> None:
    """Add the endpoint: public, within its query budget, encoded like all our responses."""

    @operation(to.get(statements.PATH), who=PUBLIC, gives={200: list[Any]}, budget=3)
    def show_three() -> list[Any]:
        return [find_stop("PTA"), routes_from(1), fare_classes()]


add_address(app)
