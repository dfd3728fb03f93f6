"""A small Flask app with the same three statements, under the monitor that MONITOR names; runs in the peers' venv."""

import os
from importlib import import_module
from pathlib import Path

from flask import Flask, Response, jsonify
from sqlalchemy import create_engine, text

from benchmarks.recorders import statements

_ONE_STOP = text(statements.ONE_STOP)
_ROUTES_FROM = text(statements.ROUTES_FROM)
_FARE_CLASSES = text(statements.FARE_CLASSES)
# Four apps of four processes stay below the server's hundred connections.
_engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:", 1), pool_size=4)

app = Flask(__name__)


@app.get(statements.PATH)
def show_three() -> Response:
    with _engine.connect() as connection:
        results = [
            connection.execute(_ONE_STOP, {"code": "PTA"}).all(),
            connection.execute(_ROUTES_FROM, {"stop_id": 1}).all(),
            connection.execute(_FARE_CLASSES).all(),
        ]
    return jsonify([[tuple(row) for row in rows] for rows in results])


def _watch(monitor: str) -> None:
    """Install a monitor as its documentation says for several processes."""
    if monitor == "flask-monitoringdashboard":
        dashboard = import_module("flask_monitoringdashboard")
        dashboard.config.database_name = f"sqlite:///{Path(os.environ['MONITOR_FOLDER']) / 'dashboard.db'}"
        dashboard.bind(app)
    elif monitor == "prometheus-flask-exporter":
        import_module("prometheus_flask_exporter.multiprocess").GunicornInternalPrometheusMetrics(app)


_watch(os.environ["MONITOR"])
