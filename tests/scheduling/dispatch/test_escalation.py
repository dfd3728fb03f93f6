"""When nobody answers in time, the operator is told, once."""

import threading
from datetime import timedelta

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text, update

from falconbus.app import FalconBus
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import Action, Appointment
from falconbus.scheduling.assignments.models import Assignment
from falconbus.scheduling.dispatch import escalation
from tests.scheduling.charters import add_charter, tomorrow
from tests.scheduling.dispatch.office import Office, history_of, kinds, told


def make_due(charter: Appointment) -> None:
    """The time for answering is over."""
    statement = update(Assignment).where(Assignment.appointment_id == charter.id)
    db.session.execute(statement.values(answer_by=clock.now() - timedelta(seconds=1)))
    db.session.commit()


def escalate() -> int:
    """As beat's task runs it."""
    return transactions.run(escalation.escalate)


def test_the_operator_is_told_once_who_has_not_answered(office: Office) -> None:
    charter, in_time = add_charter(), add_charter(starts=tomorrow(10, days=2))
    office.assign(charter, office.sipho, office.thabo)
    office.assign(in_time, office.sipho)
    office.post(charter, "accept", office.thabo)
    make_due(charter)
    assert escalate() == 1
    assert escalate() == 0
    (notification,) = told(office.operator)
    assert notification.kind == "unanswered"
    assert "Sipho" in notification.title
    assert "Thabo" not in notification.title
    assert history_of(charter)[-1] == (Action.ESCALATED, "assigned")
    assert (Action.ESCALATED, "assigned") not in history_of(in_time)


def test_it_can_still_be_answered(office: Office) -> None:
    charter = add_charter()
    office.assign(charter, office.sipho)
    make_due(charter)
    escalate()
    assert office.post(charter, "accept", office.sipho).json["status"] == "accepted"


def test_what_was_answered_or_cancelled_is_not_told(office: Office) -> None:
    charters = [add_charter(starts=tomorrow(10, days=days)) for days in (1, 2, 3)]
    for charter, action, body in zip(charters, ("accept", "reject", None), ({}, {"reason": "no"}, {}), strict=True):
        office.assign(charter, office.sipho)
        if action:
            office.post(charter, action, office.sipho, **body)
        else:
            office.post(charter, "cancel", office.operator, reason="rain")
        make_due(charter)
    assert escalate() == 0
    assert "unanswered" not in kinds(office.operator)


def test_a_charter_that_somebody_works_on_waits_for_the_next_minute(
    office: Office, app: FalconBus, database: SQLAlchemy
) -> None:
    charter, free = add_charter(), add_charter(starts=tomorrow(10, days=2))
    for each in (charter, free):
        office.assign(each, office.sipho)
        make_due(each)
    told_of: list[int] = []

    def beat() -> None:
        with app.app_context():
            told_of.append(escalate())

    with database.engine.begin() as connection:
        connection.execute(text("SELECT 1 FROM appointments WHERE id = :id FOR UPDATE"), {"id": charter.id})
        thread = threading.Thread(target=beat)
        thread.start()
        thread.join()
    assert told_of == [1]
    assert escalate() == 1
    escalated = db.session.scalars(select(Assignment.escalated_at).where(Assignment.staff_id == office.sipho.id))
    assert all(escalated)
