"""What is found to have lapsed is what would be refused if it were assigned now: the rules are the same ones."""

import random
from datetime import timedelta

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from falconbus.accounts.models import Role
from falconbus.scheduling.appointments.models import AppointmentStatus
from falconbus.scheduling.assignments.models import Assignment, AssignmentStatus, CrewRole
from falconbus.scheduling.eligibility import assessing
from falconbus.scheduling.lapses import conditions
from falconbus.scheduling.lapses.models import LapseKind
from falconbus.scheduling.staff_records.models import Leave, Licence
from tests.scheduling.charters import add_assignment, add_charter, tomorrow
from tests.scheduling.people import add_person

_PEOPLE, _SEED = 60, 11


def test_what_lapsed_is_what_is_refused(database: SQLAlchemy) -> None:
    """Licences and leaves around the first and last day of rides at night, at random; attendants among the drivers."""
    chance = random.Random(_SEED)
    for number in range(_PEOPLE):
        part = chance.choice(list(CrewRole))
        person = add_person(f"p{number}", Role(part.value))
        database.session.query(Licence).where(Licence.staff_id == person.id).delete()
        starts = tomorrow(chance.choice((0, 12, 20, 23)), days=5)
        charter = add_charter(starts=starts, hours=chance.choice((1, 4, 24, 28)), status=AppointmentStatus.ASSIGNED)
        add_assignment(charter, person, part, chance.choice((AssignmentStatus.OFFERED, AssignmentStatus.ACCEPTED)))
        for kind in range(chance.randint(0, 2)):
            for licence in range(chance.randint(1, 2)):
                row = Licence(staff_id=person.id, kind=f"K{kind}", number=str(licence))
                row.expires_on = starts.date() + timedelta(days=chance.randint(-1, 2))
                database.session.add(row)
        if chance.random() < 0.5:
            first = starts.date() + timedelta(days=chance.randint(-2, 2))
            leave = Leave(staff_id=person.id, first_day=first, last_day=first + timedelta(days=chance.randint(0, 1)))
            leave.kind = "annual"
            database.session.add(leave)
    database.session.commit()
    lapsed: dict[int | None, set[LapseKind]] = {}
    for subject in conditions.find_lapses():
        lapsed.setdefault(subject.staff_id, set()).add(subject.kind)
    refused = {}
    for duty in database.session.scalars(select(Assignment)):
        found = assessing.assess(
            [duty.staff_id],
            CrewRole(duty.part),
            duty.starts_at,
            duty.ends_at,
            ignored_appointment_id=duty.appointment_id,
        )
        refusal = found[duty.staff_id].refusal
        if refusal is not None:
            refused[duty.staff_id] = refusal.code
    assert set(lapsed) == set(refused)
    assert 10 < len(lapsed) < _PEOPLE - 10
    # Of two reasons a refusal names one, the leave.
    assert all(code in lapsed[staff_id] for staff_id, code in refused.items())
    assert {kind for kinds in lapsed.values() for kind in kinds} == {LapseKind.LICENCE_EXPIRED, LapseKind.ON_LEAVE}
