"""What was held, and what is left."""

from typing import Any

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text


def rows(database: SQLAlchemy, table: str) -> int:
    """How many rows a table has now."""
    database.session.rollback()
    return int(database.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def seats_of(held: Any) -> list[str]:
    return [ticket["seat"] for journey in held["journeys"] for ticket in journey["tickets"]]


def free_seats(client: FlaskClient, schedule_id: int, origin: str = "A", destination: str = "D") -> set[str]:
    answer = client.get(f"/api/v1/schedules/{schedule_id}/seats?origin={origin}&destination={destination}")
    return {seat["number"] for seat in answer.json["seats"] if seat["free"]}
