"""What clients send, and all that the database holds of charters."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text

from falconbus.platform.database.engine import db
from falconbus.scheduling.catalogue.models import Service
from tests.scheduling.charters import tomorrow

CHARTERS = "/api/v1/scheduling/appointments"
SERVICES = "/api/v1/scheduling/services"
_TABLES = (
    "services", "appointments", "appointment_services", "appointment_changes", "assignments", "notifications",
    "outbox", "audit_log",
)  # fmt: skip


def body_of(*services: Service, **changes: Any) -> dict[str, Any]:
    """A body for POST /appointments: tomorrow at 10, from the Union Buildings to stop B."""
    return {
        "client": {"name": "Lerato Club", "email": "Lerato@example.com", "phone": "+27 82 000 0000"},
        "pick_up": {"text": "Union Buildings"},
        "drop_off": {"stop": "B"},
        "start": tomorrow(10).isoformat(),
        "services": [service.id for service in services],
        "passengers": 10,
        **changes,
    }


def ask(client: FlaskClient, body: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
    """A requested charter's answer."""
    answer = client.post(CHARTERS, json=body, headers=headers)
    assert answer.status_code == 201, answer.json
    return answer.json


def everything() -> dict[str, list[str]]:
    """Every row of every table that charters touch, as text: what must not change when something is refused."""
    db.session.rollback()
    return {table: list(db.session.scalars(text(f"SELECT t::text FROM {table} t ORDER BY 1"))) for table in _TABLES}


def codes_of(answer: Any) -> list[tuple[str, str]]:
    """Code and place of each fault of a 422."""
    assert answer.status_code == 422, answer.json
    return [(fault["code"], fault.get("pointer") or fault["parameter"]) for fault in answer.json["errors"]]
