"""Any sequence of calls leaves a charter whose status fits its crew, and a refused call changes nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some
from sqlalchemy import text, update

from falconbus.accounts.models import User
from falconbus.accounts.permissions import permissions_of
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.appointments.models import Appointment, AppointmentStatus
from falconbus.scheduling.assignments.models import Assignment
from falconbus.scheduling.assignments.service import Crew
from falconbus.scheduling.dispatch import answering, assigning, escalation, progress
from tests.scheduling.charters import add_charter
from tests.scheduling.dispatch.consistency import check_consistent
from tests.scheduling.dispatch.office import Office

PEOPLE = ("sipho", "anna", "thabo")
Step = tuple[str, Any]
person = some.sampled_from(PEOPLE)
crew = some.tuples(
    some.sampled_from(("sipho", "anna")), some.sampled_from(((), ("thabo",), ("anna",), ("zanele", "thabo")))
)
assignments = some.tuples(some.just("assign"), crew)
step = some.one_of(
    assignments,
    some.tuples(some.just("accept"), person),
    some.tuples(some.just("accept"), person),
    some.tuples(some.just("reject"), person),
    some.tuples(some.just("hand over"), some.tuples(person, some.sampled_from((*PEOPLE, "zanele")))),
    some.tuples(some.sampled_from(("begin", "complete", "cancel", "escalate")), some.none()),
)
sequences = some.tuples(assignments, some.lists(step, min_size=2, max_size=6)).map(lambda parts: [parts[0], *parts[1]])


class Calls:
    """The use cases by the names of the steps, as the people of an office."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def identity(self, name: str) -> Identity:
        user: User = getattr(self._office, name)
        return Identity(user_id=user.id, email=user.email, permissions=permissions_of(user.roles))

    def call_for(self, charter: Appointment, name: str, with_whom: Any) -> Callable[[], object]:
        reference, office = charter.reference, self.identity("operator")
        in_the_office: dict[str, Callable[[], object]] = {
            "assign": lambda: assigning.assign(reference, office, crew=self._crew(with_whom), bus_id=None),
            "begin": lambda: progress.begin(reference, office),
            "complete": lambda: progress.complete(reference, office),
            "cancel": lambda: progress.cancel(reference, office, reason="rain"),
            "escalate": lambda: self._escalate(charter),
        }
        on_the_road: dict[str, Callable[[], object]] = {
            "accept": lambda: answering.accept(reference, self.identity(with_whom)),
            "reject": lambda: answering.reject(reference, self.identity(with_whom), reason="no"),
            "hand over": lambda: answering.hand_over(
                reference, self.identity(with_whom[0]), to=getattr(self._office, with_whom[1]).id
            ),
        }
        return {**in_the_office, **on_the_road}[name]

    def _crew(self, names: tuple[str, tuple[str, ...]]) -> Crew:
        driver, *attendants = (getattr(self._office, each).id for each in (names[0], *names[1]))
        return Crew(driver, attendants)

    def _escalate(self, charter: Appointment) -> int:
        late = update(Assignment).where(Assignment.appointment_id == charter.id)
        db.session.execute(late.values(answer_by=clock.now() - timedelta(seconds=1)))
        return escalation.escalate()


ROWS = text("""
    SELECT to_jsonb(charter), (SELECT jsonb_agg(to_jsonb(a) ORDER BY id) FROM assignments a WHERE appointment_id = :id),
           (SELECT count(*) FROM appointment_changes), (SELECT count(*) FROM notifications)
    FROM appointments AS charter WHERE id = :id
""")
THE_COURSE: list[Step] = [
    ("assign", ("sipho", ("thabo",))), ("accept", "thabo"), ("accept", "sipho"), ("begin", None), ("cancel", None),
    ("complete", None), ("accept", "sipho"), ("reject", "sipho"), ("assign", ("anna", ())),
]  # fmt: skip
A_TAKEOVER: list[Step] = [
    ("assign", ("sipho", ())), ("hand over", ("sipho", "anna")), ("escalate", None), ("accept", "sipho"),
    ("accept", "anna"), ("reject", "sipho"), ("hand over", ("anna", "sipho")), ("begin", None), ("accept", "sipho"),
]  # fmt: skip


def rows_of(charter: Appointment) -> object:
    """The charter, its assignments, and what was noted and told, to compare."""
    return tuple(db.session.execute(ROWS, {"id": charter.id}).one())


def test_any_sequence_of_calls_is_consistent(office: Office, database: SQLAlchemy) -> None:
    """Each example is one transaction that is undone at its end, each call a savepoint."""
    calls, reached = Calls(office), []
    charter = add_charter(starts=clock.now() + timedelta(hours=2))

    @settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @example(THE_COURSE)
    @example(A_TAKEOVER)
    @given(sequences)
    def check(sequence: list[Step]) -> None:
        transactions.rollback()
        before = rows_of(charter)
        for name, with_whom in sequence:
            try:
                with db.session.begin_nested():
                    calls.call_for(charter, name, with_whom)()
            except DomainError:
                assert rows_of(charter) == before
            else:
                reached.append(check_consistent(charter.id))
                before = rows_of(charter)
        transactions.rollback()

    check()
    assert len(reached) > 400
    assert set(reached) == set(AppointmentStatus)
