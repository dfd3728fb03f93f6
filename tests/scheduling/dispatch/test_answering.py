"""Yes and no of those who are asked."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from falconbus.accounts.models import Role, User
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import Action, AppointmentStatus
from falconbus.scheduling.assignments.models import AssignmentStatus, CrewRole
from tests.scheduling.charters import add_assignment, add_charter, tomorrow
from tests.scheduling.dispatch.office import Office, crew_of, history_of, kinds, state, status_of, told
from tests.scheduling.people import add_person


def test_nobody_and_strangers_answer_for_nothing(office: Office) -> None:
    charter = add_charter()
    office.assign(charter, office.sipho)
    before = state()
    for action, body in (("accept", {}), ("reject", {"reason": "no"}), ("hand-over", {"to": office.anna.id})):
        assert office.post(charter, action, None, **body).status_code == 401
        assert office.post(charter, action, add_person(f"traveller-{action}"), **body).status_code == 403
        assert office.post(charter, action, office.beside, **body).status_code == 404
        answer = office.post(charter, action, office.operator, **body)
        assert (answer.status_code, answer.json["code"]) == (409, "already_answered")
    assert state()[:4] == before[:4]


def test_the_last_yes_accepts_the_charter_and_the_operator_is_told(office: Office) -> None:
    other = add_person("other-operator", Role.OPERATOR)
    charter = add_charter()
    office.assign(charter, office.sipho, office.thabo)
    assert office.post(charter, "accept", office.thabo).json["status"] == "assigned"
    assert kinds(office.operator) == []
    assert office.post(charter, "accept", office.sipho).json["status"] == "accepted"
    assert kinds(office.operator) == ["accepted"]
    assert kinds(other) == []
    assert history_of(charter) == [
        (Action.ASSIGNED, "assigned"),
        (Action.ACCEPTED, "assigned"),
        (Action.ACCEPTED, "accepted"),
    ]


def test_all_operators_are_told_when_the_one_who_assigned_has_left(office: Office) -> None:
    other = add_person("other-operator", Role.OPERATOR)
    charter = add_charter()
    office.assign(charter, office.sipho)
    db.session.execute(update(User).where(User.id == office.operator.id).values(active=False))
    db.session.commit()
    office.post(charter, "accept", office.sipho)
    assert kinds(other) == ["accepted"]


def test_a_second_yes_and_a_yes_after_the_end_are_refused(office: Office) -> None:
    charter = add_charter()
    office.assign(charter, office.sipho)
    office.post(charter, "accept", office.sipho)
    for after in (None, "cancel"):
        if after:
            office.post(charter, after, office.operator, reason="rain")
        before = state()
        answer = office.post(charter, "accept", office.sipho)
        assert (answer.status_code, answer.json["code"]) == (409, "already_answered")
        assert state() == before


def test_who_is_on_another_ride_meanwhile_cannot_accept(office: Office) -> None:
    first, second, later = add_charter(), add_charter(starts=tomorrow(13)), add_charter(starts=tomorrow(14))
    for charter in (first, second, later):
        office.assign(charter, office.sipho)
    assert office.post(first, "accept", office.sipho).status_code == 200
    before = state()
    answer = office.post(second, "accept", office.sipho)
    assert (answer.status_code, answer.json["code"]) == (409, "staff_busy")
    assert state() == before
    assert office.post(later, "accept", office.sipho).status_code == 200, "it begins when the first ends"


def test_what_is_over_is_not_accepted(office: Office) -> None:
    charter = add_charter(starts=clock.now() - timedelta(hours=5), status=AppointmentStatus.ASSIGNED)
    add_assignment(charter, office.sipho)
    assert office.post(charter, "accept", office.sipho).json["code"] == "impossible_change"
    assert status_of(charter) == "assigned"


def test_a_no_shows_its_reason_to_the_operator_who_assigns_anew(office: Office) -> None:
    charter = add_charter()
    office.assign(charter, office.sipho, office.thabo)
    office.post(charter, "accept", office.thabo)
    answer = office.post(charter, "reject", office.sipho, reason="  My daughter\nmarries that day ")
    assert answer.json["status"] == "rejected"
    assert answer.json["rejection"]["reason"] == "My daughter\nmarries that day"
    assert answer.json["rejection"]["by"]["id"] == office.sipho.id
    (notification,) = told(office.operator)
    assert (notification.kind, notification.assignment_id is not None) == ("rejected", True)
    assert "Sipho" in notification.title
    assert "My daughter\nmarries that day" in notification.message
    again = office.assign(charter, office.anna, office.thabo)
    assert again.json["appointment"]["rejection"] is None
    assert office.post(charter, "accept", office.anna).json["status"] == "accepted"
    assert crew_of(charter) == [
        (office.sipho.id, "driver", "rejected"),
        (office.thabo.id, "attendant", "accepted"),
        (office.anna.id, "driver", "accepted"),
    ]


def test_a_yes_can_be_taken_back_until_it_begins(office: Office) -> None:
    charter = add_charter(starts=clock.now() + timedelta(hours=1))
    office.accepted(charter, office.sipho, office.thabo)
    assert office.post(charter, "reject", office.thabo, reason="ill").json["status"] == "rejected"
    office.assign(charter, office.sipho)
    assert office.post(charter, "begin", office.sipho).json["status"] == "in_progress"
    before = state()
    answer = office.post(charter, "reject", office.sipho, reason="ill")
    assert (answer.status_code, answer.json["code"]) == (409, "impossible_change")
    assert state() == before


def test_a_yes_to_a_charter_that_another_has_rejected_leaves_it_rejected(office: Office) -> None:
    charter = add_charter()
    office.assign(charter, office.sipho, office.thabo)
    office.post(charter, "reject", office.thabo, reason="ill")
    assert office.post(charter, "accept", office.sipho).json["status"] == "rejected"
    assert office.assign(charter, office.sipho).json["appointment"]["status"] == "accepted"


def test_two_accepted_rides_at_once_are_refused_by_the_database_itself(office: Office) -> None:
    """Written past every check, as a mistake of ours would."""
    first, second = add_charter(), add_charter(starts=tomorrow(13))
    add_assignment(first, office.sipho, CrewRole.DRIVER, AssignmentStatus.ACCEPTED)
    with pytest.raises(IntegrityError, match="ex_assignments_person"):
        add_assignment(second, office.sipho, CrewRole.ATTENDANT, AssignmentStatus.ACCEPTED)
    db.session.rollback()
