"""An office for tests of dispatching: its people, its calls, and what the database says afterwards."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, text

from falconbus.accounts.models import Role, User
from falconbus.platform.database.engine import db
from falconbus.scheduling.appointments.models import Action, Appointment, AppointmentChange
from falconbus.scheduling.assignments.models import Assignment
from falconbus.scheduling.notifications.models import Notification
from tests.scheduling.charters import add_assignment, add_charter
from tests.scheduling.people import add_person, headers_of

STATE = text("""
    SELECT (SELECT jsonb_agg(to_jsonb(a) ORDER BY id) FROM appointments a),
           (SELECT jsonb_agg(to_jsonb(a) ORDER BY id) FROM assignments a),
           (SELECT count(*) FROM appointment_changes), (SELECT count(*) FROM notifications),
           (SELECT count(*) FROM outbox)
""")


class Office:
    """An operator, drivers Sipho and Anna, attendants Thabo and Zanele; another charter with a crew runs beside."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.operator = add_person("olga", Role.OPERATOR)
        self.sipho = add_person("sipho", Role.DRIVER)
        self.anna = add_person("anna", Role.DRIVER, Role.ATTENDANT)
        self.thabo = add_person("thabo", Role.ATTENDANT)
        self.zanele = add_person("zanele", Role.ATTENDANT)
        self._headers: dict[int, dict[str, str]] = {}
        beside = add_person("beside", Role.DRIVER)
        add_assignment(add_charter(client_name="Somebody Else"), beside)
        self.beside = beside

    def headers(self, who: User) -> dict[str, str]:
        """What a request of theirs bears; one token each."""
        if who.id not in self._headers:
            self._headers[who.id] = headers_of(who)
        return self._headers[who.id]

    def post(self, charter: Appointment, action: str, who: User | None, **body: Any) -> Any:
        """The answer to one of a charter's actions."""
        headers = self.headers(who) if who else {}
        return self.client.post(
            f"/api/v1/scheduling/appointments/{charter.reference}/{action}", json=body, headers=headers
        )

    def assign(
        self, charter: Appointment, driver: User, *attendants: User, bus_id: int | None = None, **body: Any
    ) -> Any:
        """The operator's assignment."""
        crew = {"driver_id": driver.id, "attendant_ids": [each.id for each in attendants], "bus_id": bus_id}
        return self.post(charter, "assign", self.operator, **crew, **body)

    def accepted(self, charter: Appointment, driver: User, *attendants: User, **body: Any) -> None:
        """Assign, and have all of them accept."""
        assert self.assign(charter, driver, *attendants, **body).status_code == 200
        for each in (driver, *attendants):
            assert self.post(charter, "accept", each).status_code == 200


def state() -> Any:
    """All that a refused request must leave as it was."""
    db.session.rollback()
    return tuple(db.session.execute(STATE).one())


def status_of(charter: Appointment) -> str:
    db.session.rollback()
    return str(db.session.scalar(select(Appointment.status).where(Appointment.id == charter.id)))


def crew_of(charter: Appointment) -> list[tuple[int, str, str]]:
    """Who was ever asked, in which part, and how that stands."""
    db.session.rollback()
    statement = select(Assignment.staff_id, Assignment.part, Assignment.status)
    rows = db.session.execute(statement.where(Assignment.appointment_id == charter.id).order_by(Assignment.id))
    return [(row.staff_id, row.part, row.status) for row in rows]


def history_of(charter: Appointment) -> list[tuple[Action, str]]:
    """What happened, and the status that it led to."""
    db.session.rollback()
    statement = select(AppointmentChange.action, AppointmentChange.status)
    rows = db.session.execute(
        statement.where(AppointmentChange.appointment_id == charter.id).order_by(AppointmentChange.id)
    )
    return [(Action(row.action), row.status) for row in rows]


def told(who: User) -> list[Notification]:
    """Their notifications, oldest first."""
    db.session.rollback()
    statement = select(Notification).where(Notification.staff_id == who.id).order_by(Notification.id)
    return list(db.session.scalars(statement))


def kinds(who: User) -> list[str]:
    return [each.kind for each in told(who)]
