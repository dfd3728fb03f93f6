"""Charters for tests: made as rows, past the API."""

from datetime import datetime, timedelta
from typing import Any

from falconbus.accounts.models import User
from falconbus.network.models import Bus
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock, references
from falconbus.scheduling.appointments.models import Appointment, AppointmentItem, AppointmentStatus
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus, CrewRole
from falconbus.scheduling.catalogue.models import Service
from tests.world import ZONE


def tomorrow(hour: int, *, days: int = 1) -> datetime:
    """A full hour of a day to come, as people in the office read it."""
    day = clock.local(clock.now(), ZONE) + timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def add_service(name: str = "Coach and driver", *, minutes: int = 120, price: int = 250_000) -> Service:
    """A service on offer; the price is in cents."""
    service = Service(name=name, duration_minutes=minutes, price=price, currency="ZAR", active=True)
    db.session.add(service)
    db.session.commit()
    return service


def add_charter(
    *services: Service,
    starts: datetime | None = None,
    hours: float = 4,
    client: User | None = None,
    status: AppointmentStatus = AppointmentStatus.PENDING,
    bus: Bus | None = None,
    **changes: Any,
) -> Appointment:
    """A charter from the Union Buildings to Soweto, tomorrow at 10 for four hours unless it is told otherwise."""
    starts = starts or tomorrow(10)
    values: dict[str, Any] = {
        "reference": references.new_reference(),
        "status": status,
        "client_id": client.id if client else None,
        "client_name": "Lerato Club",
        "client_email": client.email if client else "lerato@example.com",
        "pick_up_text": "Union Buildings",
        "drop_off_text": "Soweto",
        "starts_at": starts,
        "ends_at": starts + timedelta(hours=hours),
        "time_zone": ZONE,
        "passengers": 10,
        "currency": "ZAR",
        "bus_id": bus.id if bus else None,
        "created_at": clock.now(),
    }
    appointment = Appointment(**{**values, **changes})
    db.session.add(appointment)
    db.session.flush()
    for number, service in enumerate(services, 1):
        db.session.add(
            AppointmentItem(
                appointment_id=appointment.id,
                service_id=service.id,
                number=number,
                name=service.name,
                duration_minutes=service.duration_minutes,
                price=service.price,
            )
        )
    db.session.commit()
    return appointment


def add_assignment(
    appointment: Appointment,
    person: User,
    part: CrewRole = CrewRole.DRIVER,
    status: AssignmentStatus = AssignmentStatus.OFFERED,
    **changes: Any,
) -> Assignment:
    """Somebody's part in a charter."""
    values: dict[str, Any] = {
        "appointment_id": appointment.id,
        "staff_id": person.id,
        "part": part,
        "status": status,
        "starts_at": appointment.starts_at,
        "ends_at": appointment.ends_at,
        "offered_at": clock.now(),
        "answer_by": clock.now() + timedelta(hours=2),
    }
    assignment = Assignment(**{**values, **changes})
    db.session.add(assignment)
    db.session.commit()
    return assignment
