"""A charter's claim to a bus and a departure's, past the API: what the database itself lets through."""

from typing import Any

from psycopg.errors import ExclusionViolation
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from falconbus.platform.database.engine import db
from falconbus.scheduling.appointments.models import Appointment
from falconbus.timetable.models import Schedule

RULE = "schedules_bus_on_charter"
_GIVE = text("UPDATE appointments SET bus_id = :bus, status = 'assigned' WHERE id = :id")
_DEPART = text("""
    INSERT INTO schedules (route_id, timetable_id, bus_id, departure_time, arrival_time, seats)
    SELECT route_id, id, :bus, CAST(:at AS timestamptz), CAST(:at AS timestamptz) + interval '3 hours', 12
    FROM timetables WHERE id = :timetable
""")
_BOTH = text("""
    SELECT count(*) FROM appointments AS charter JOIN schedules AS schedule USING (bus_id)
    WHERE charter.status <> 'cancelled'
      AND schedule.departure_time < charter.ends_at AND schedule.arrival_time > charter.starts_at
""")


def give(connection: Connection, charter_id: int, bus_id: int) -> None:
    """The charter gets the bus."""
    connection.execute(_GIVE, {"id": charter_id, "bus": bus_id})


def depart(connection: Connection, timetable_id: int, bus_id: int, at: Any) -> None:
    """A departure by the bus, three hours long."""
    connection.execute(_DEPART, {"timetable": timetable_id, "bus": bus_id, "at": at})


def rule_of(fault: IntegrityError) -> str | None:
    """The name of the exclusion that was broken; None when it was something else."""
    return fault.orig.diag.constraint_name if isinstance(fault.orig, ExclusionViolation) else None


def claims() -> tuple[int, int]:
    """How many charters have a bus, and how many departures there are."""
    db.session.rollback()
    charters = db.session.query(Appointment).where(Appointment.bus_id.is_not(None)).count()
    return charters, db.session.query(Schedule).count()


def both() -> int:
    """How often a bus is on a charter and on a line at once, counted from the rows."""
    db.session.rollback()
    return int(db.session.execute(_BOTH).scalar_one())
