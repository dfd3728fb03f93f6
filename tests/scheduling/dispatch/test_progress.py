"""A charter begins, is completed, or is cancelled before."""

from datetime import timedelta

import pytest
from flask import current_app

from falconbus.accounts.models import Role
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments import access
from falconbus.scheduling.appointments.models import Action, AppointmentStatus
from falconbus.scheduling.assignments.models import AssignmentStatus, CrewRole
from tests.calls import bearer
from tests.scheduling.charters import add_assignment, add_charter, tomorrow
from tests.scheduling.dispatch.office import Office, crew_of, history_of, kinds, state, status_of, told
from tests.scheduling.people import add_person

SOON = timedelta(hours=1)


def test_its_driver_begins_and_completes_it(office: Office) -> None:
    charter = add_charter(starts=clock.now() + SOON)
    office.accepted(charter, office.sipho, office.thabo)
    assert office.post(charter, "begin", office.sipho).json["status"] == "in_progress"
    assert office.post(charter, "complete", office.sipho).json["status"] == "completed"
    assert history_of(charter)[-2:] == [(Action.BEGUN, "in_progress"), (Action.COMPLETED, "completed")]
    assert kinds(office.operator) == ["accepted", "completed"]
    assert crew_of(charter) == [(office.sipho.id, "driver", "accepted"), (office.thabo.id, "attendant", "accepted")]


def test_the_office_does_it_for_them(office: Office) -> None:
    charter = add_charter(starts=clock.now() + SOON)
    office.accepted(charter, office.sipho)
    assert office.post(charter, "begin", office.operator).status_code == 200
    assert office.post(charter, "complete", office.operator).status_code == 200


@pytest.mark.parametrize("action", ["begin", "complete"])
def test_nobody_else_does(office: Office, action: str) -> None:
    charter = add_charter(starts=clock.now() + SOON)
    office.accepted(charter, office.sipho, office.thabo)
    office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    before = state()
    for who, status in (
        (None, 401),
        (add_person("traveller"), 403),
        (office.thabo, 403),
        (office.anna, 403),
        (office.beside, 404),
        (add_person("agent", Role.AGENT), 404),
    ):
        assert office.post(charter, action, who).status_code == status
    assert state() == before


def test_the_order_is_accept_begin_complete(office: Office) -> None:
    charter = add_charter(starts=clock.now() + SOON)
    office.assign(charter, office.sipho)
    refused = (409, "impossible_change")
    for action in ("begin", "complete"):
        answer = office.post(charter, action, office.operator)
        assert (answer.status_code, answer.json["code"]) == refused
    office.post(charter, "accept", office.sipho)
    assert office.post(charter, "complete", office.sipho).json["code"] == refused[1]
    office.post(charter, "begin", office.sipho)
    assert office.post(charter, "begin", office.sipho).json["code"] == refused[1]
    office.post(charter, "complete", office.sipho)
    assert office.post(charter, "complete", office.sipho).json["code"] == refused[1]


def test_it_begins_no_earlier_than_twelve_hours_before_its_start(office: Office) -> None:
    early, due = add_charter(starts=clock.now() + timedelta(hours=13)), add_charter(starts=clock.now() + 6 * SOON)
    office.accepted(early, office.sipho)
    office.accepted(due, office.anna)
    assert office.post(early, "begin", office.sipho).json["code"] == "impossible_change"
    assert office.post(due, "begin", office.anna).status_code == 200


def test_cancelling_frees_everybody_and_tells_them_why(office: Office) -> None:
    charter, next_one = add_charter(), add_charter(starts=tomorrow(11))
    office.accepted(charter, office.sipho)
    office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    answer = office.post(charter, "cancel", office.operator, reason="The hall burnt down")
    assert answer.json["status"] == "cancelled"
    assert answer.json["cancellation_reason"] == "The hall burnt down"
    assert {status for *_, status in crew_of(charter)} == {"withdrawn"}
    for who in (office.sipho, office.anna):
        assert kinds(who)[-1] == "cancelled"
        assert "The hall burnt down" in told(who)[-1].message
    assert "cancelled" not in kinds(office.operator), "who does it knows"
    assert kinds(office.beside) == []
    office.accepted(next_one, office.sipho)


@pytest.mark.parametrize("by_token", [True, False])
def test_a_client_cancels_their_own(office: Office, by_token: bool) -> None:
    client = add_person("client")
    charter, other = add_charter(client=None if by_token else client), add_charter()
    office.accepted(charter, office.sipho)
    token = access.manage_token(charter.reference, current_app.config["SECRET_KEY"])
    headers = bearer(token) if by_token else office.headers(client)
    for which, status in ((other, 404), (charter, 200), (charter, 409)):
        address = f"/api/v1/scheduling/appointments/{which.reference}/cancel"
        answer = office.client.post(address, json={"reason": "We walk"}, headers=headers)
        assert answer.status_code == status, answer.json
    assert kinds(office.operator) == ["accepted", "cancelled"]
    assert kinds(office.sipho)[-1] == "cancelled"
    assert status_of(other) == "pending"


def test_the_crew_does_not_cancel_and_strangers_see_nothing(office: Office) -> None:
    charter = add_charter()
    office.accepted(charter, office.sipho)
    before = state()
    for who, status in ((None, 404), (add_person("traveller"), 404), (office.beside, 404), (office.sipho, 403)):
        assert office.post(charter, "cancel", who, reason="no").status_code == status
    assert state() == before


@pytest.mark.parametrize("status", ["in_progress", "completed", "cancelled"])
def test_what_has_begun_or_is_over_is_not_cancelled(office: Office, status: str) -> None:
    charter = add_charter(status=AppointmentStatus(status))
    add_assignment(charter, office.sipho, CrewRole.DRIVER, AssignmentStatus.ACCEPTED)
    before = state()
    answer = office.post(charter, "cancel", office.operator, reason="no")
    assert (answer.status_code, answer.json["code"]) == (409, "impossible_change")
    assert state() == before
