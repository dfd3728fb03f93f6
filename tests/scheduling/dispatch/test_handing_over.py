"""A colleague takes over: until they accept, it stays with who hands it over."""

from datetime import timedelta

import pytest

from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import Action
from falconbus.scheduling.assignments.models import AssignmentStatus, CrewRole
from tests.scheduling.charters import add_assignment, add_charter, add_service, tomorrow
from tests.scheduling.dispatch.office import Office, crew_of, history_of, kinds, state, status_of, told


def test_it_stays_with_me_until_my_colleague_accepts(office: Office) -> None:
    charter = add_charter()
    office.accepted(charter, office.sipho)
    answer = office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    assert answer.status_code == 200, answer.json
    assert answer.json["status"] == "accepted"
    assert crew_of(charter) == [(office.sipho.id, "driver", "accepted"), (office.anna.id, "driver", "offered")]
    assert kinds(office.anna) == ["offered"]
    assert "Sipho asks you to take over" in told(office.anna)[0].message
    assert office.post(charter, "accept", office.anna).json["status"] == "accepted"
    assert crew_of(charter) == [(office.sipho.id, "driver", "handed_over"), (office.anna.id, "driver", "accepted")]
    for who in (office.sipho, office.anna, office.operator):
        assert kinds(who)[-1] == "handed_over"
        assert "Anna has taken over from Sipho" in told(who)[-1].title
    assert history_of(charter)[-2:] == [(Action.OFFERED_ON, "accepted"), (Action.HANDED_OVER, "accepted")]


def test_what_was_handed_over_is_free_for_another_ride_and_not_mine_to_answer(office: Office) -> None:
    charter, other = add_charter(), add_charter(starts=tomorrow(11))
    office.accepted(charter, office.sipho)
    office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    office.post(charter, "accept", office.anna)
    office.accepted(other, office.sipho)
    for action, body in (("accept", {}), ("reject", {"reason": "no"}), ("hand-over", {"to": office.anna.id})):
        assert office.post(charter, action, office.sipho, **body).json["code"] == "already_answered"


def test_an_unanswered_question_can_be_passed_on_and_the_colleagues_yes_settles_it(office: Office) -> None:
    charter = add_charter()
    office.assign(charter, office.sipho)
    office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    assert status_of(charter) == "assigned"
    assert office.post(charter, "accept", office.anna).json["status"] == "accepted"
    assert history_of(charter)[-2:] == [(Action.HANDED_OVER, "accepted"), (Action.ACCEPTED, "accepted")]


def test_who_says_no_to_a_colleague_leaves_the_ride_with_them(office: Office) -> None:
    charter = add_charter()
    office.accepted(charter, office.sipho)
    office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    before = kinds(office.operator)
    assert office.post(charter, "reject", office.anna, reason="busy").json["status"] == "accepted"
    assert crew_of(charter) == [(office.sipho.id, "driver", "accepted"), (office.anna.id, "driver", "rejected")]
    assert kinds(office.sipho)[-1] == "rejected"
    assert "busy" in told(office.sipho)[-1].message
    assert kinds(office.operator) == before


def test_asking_somebody_else_takes_the_first_question_back(office: Office) -> None:
    charter = add_charter()
    office.accepted(charter, office.sipho, office.thabo)
    office.post(charter, "hand-over", office.thabo, to=office.zanele.id)
    office.post(charter, "hand-over", office.thabo, to=office.anna.id)
    assert kinds(office.zanele) == ["offered", "withdrawn"]
    assert office.post(charter, "accept", office.zanele).json["code"] == "already_answered"
    assert office.post(charter, "accept", office.anna).status_code == 200
    assert (office.anna.id, "attendant", "accepted") in crew_of(charter)
    assert (office.thabo.id, "attendant", "handed_over") in crew_of(charter)


def test_asking_the_same_colleague_again_asks_anew(office: Office) -> None:
    charter = add_charter()
    office.accepted(charter, office.sipho)
    for _ in range(2):
        assert office.post(charter, "hand-over", office.sipho, to=office.anna.id).status_code == 200
    assert office.post(charter, "accept", office.anna).status_code == 200


def test_who_asked_and_then_says_no_takes_the_question_back(office: Office) -> None:
    charter = add_charter()
    office.accepted(charter, office.sipho)
    office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    assert office.post(charter, "reject", office.sipho, reason="ill").json["status"] == "rejected"
    assert kinds(office.anna) == ["offered", "withdrawn"]
    assert office.post(charter, "accept", office.anna).json["code"] == "already_answered"


def test_to_whom_and_when_it_can_be_handed_over(office: Office) -> None:
    charter = add_charter()
    office.accepted(charter, office.sipho, office.anna)
    busy = add_charter(starts=tomorrow(12))
    add_assignment(busy, office.zanele, CrewRole.ATTENDANT, AssignmentStatus.ACCEPTED)
    before = state()
    for who, to, status, code in (
        (office.sipho, office.sipho.id, 422, "invalid"),
        (office.sipho, office.thabo.id, 422, "unknown_staff"),
        (office.sipho, 999_999, 422, "unknown_staff"),
        (office.sipho, office.anna.id, 409, "staff_busy"),
        (office.anna, office.zanele.id, 409, "staff_busy"),
    ):
        answer = office.post(charter, "hand-over", who, to=to)
        assert (answer.status_code, answer.json["code"]) == (status, code), to
        assert answer.json["errors"][0]["pointer"] == "/to"
    assert state() == before


def test_what_a_colleague_asks_me_is_not_mine_to_hand_over(office: Office) -> None:
    charter = add_charter()
    office.accepted(charter, office.sipho)
    office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    answer = office.post(charter, "hand-over", office.anna, to=office.beside.id)
    assert (answer.status_code, answer.json["code"]) == (409, "impossible_change")


@pytest.mark.parametrize("begun", [True, False])
def test_what_has_begun_or_started_stays_with_me(office: Office, begun: bool) -> None:
    charter = add_charter(starts=clock.now() + (timedelta(hours=1) if begun else -timedelta(minutes=1)))
    if begun:
        office.accepted(charter, office.sipho)
        office.post(charter, "begin", office.sipho)
    else:
        add_assignment(charter, office.sipho)
    answer = office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    assert (answer.status_code, answer.json["code"]) == (409, "impossible_change")


def test_beginning_takes_questions_among_colleagues_back(office: Office) -> None:
    charter = add_charter(starts=clock.now() + timedelta(hours=1))
    office.accepted(charter, office.sipho)
    office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    office.post(charter, "begin", office.sipho)
    assert crew_of(charter) == [(office.sipho.id, "driver", "accepted"), (office.anna.id, "driver", "withdrawn")]
    assert kinds(office.anna) == ["offered", "withdrawn"]


def test_what_was_taken_over_is_ones_own_when_its_time_changes(office: Office) -> None:
    charter = add_charter(add_service())
    office.accepted(charter, office.sipho)
    office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    office.post(charter, "accept", office.anna)
    address = f"/api/v1/scheduling/appointments/{charter.reference}"
    change = {"start": tomorrow(11).isoformat()}
    answer = office.client.patch(address, json=change, headers=office.headers(office.operator))
    assert (answer.status_code, answer.json["status"]) == (200, "assigned")
    assert office.post(charter, "accept", office.anna).json["status"] == "accepted"


def test_colleagues_who_are_free_come_with_most_rest_first(office: Office) -> None:
    evening = add_charter(starts=tomorrow(20, days=0), hours=4)
    add_assignment(evening, office.anna, CrewRole.DRIVER, AssignmentStatus.ACCEPTED)
    at_once = add_charter()
    add_assignment(at_once, office.beside, CrewRole.DRIVER, AssignmentStatus.OFFERED)
    charter = add_charter()
    office.accepted(charter, office.sipho)
    address = f"/api/v1/scheduling/appointments/{charter.reference}/colleagues"
    assert office.client.get(f"{address}?part=driver").status_code == 401
    for who, status in ((office.thabo, 404), (office.sipho, 200), (office.operator, 200)):
        answer = office.client.get(f"{address}?part=driver", headers=office.headers(who))
        assert answer.status_code == status
    results = answer.json["results"]
    assert [(each["id"], each["rest_before_hours"]) for each in results] == [
        (office.beside.id, None),
        (office.anna.id, 10.0),
    ]
    assert [warning["code"] for warning in results[1]["warnings"]] == ["rest"]
    for query in ("", "?part=pilot", "?part=driver&x=1"):
        assert office.client.get(address + query, headers=office.headers(office.sipho)).status_code == 422
