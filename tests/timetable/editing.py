"""What an admin sends about timetables, and what departures there are then."""

from datetime import date, timedelta
from typing import Any

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from falconbus.platform.kit import clock
from falconbus.timetable.models import Schedule
from tests.world import ZONE, World

EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
STOPS = [{"arrival": minutes, "departure": minutes} for minutes in (0, 60, 120, 180)]


def day(ahead: int) -> date:
    return clock.today(ZONE) + timedelta(days=ahead)


def body(world: World, **changes: Any) -> dict[str, Any]:
    """Every day for a week from tomorrow, at ten, over all four stops."""
    return {
        "route_id": world.route.id,
        "bus_id": world.bus.id,
        "departure_time": "10:00",
        "days": EVERY_DAY,
        "valid_from": day(1).isoformat(),
        "valid_until": day(7).isoformat(),
        "stops": [{"arrival": minutes, "departure": minutes + 5 if minutes else 0} for minutes in (0, 60, 120, 180)],
        **changes,
    }


def make(client: FlaskClient, operator: dict[str, str], world: World, **changes: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/timetables", json=body(world, **changes), headers=operator)
    assert answer.status_code == 201, answer.json
    made: dict[str, Any] = answer.json or {}
    return made


def departures(database: SQLAlchemy, timetable_id: int) -> list[Schedule]:
    database.session.rollback()
    database.session.expire_all()
    statement = select(Schedule).where(Schedule.timetable_id == timetable_id).order_by(Schedule.departure_time)
    return list(database.session.scalars(statement))


def days_of(schedules: list[Schedule]) -> list[date]:
    return [clock.local(schedule.departure_time, ZONE).date() for schedule in schedules]


def effect(**numbers: int) -> dict[str, int]:
    return {"made": 0, "removed": 0, "stopped": 0, "resumed": 0, "kept_bus": 0, **numbers}
