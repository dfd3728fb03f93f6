"""Giving a charter its crew and its bus."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from falconbus.accounts.models import Role
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import Action
from falconbus.scheduling.assignments.models import Assignment
from falconbus.scheduling.staff_records.models import StaffProfile
from tests.scheduling.charters import add_charter, add_service, tomorrow
from tests.scheduling.dispatch.office import Office, crew_of, history_of, kinds, state, status_of, told
from tests.scheduling.people import add_person
from tests.world import World


def test_only_who_dispatches_assigns(office: Office) -> None:
    charter = add_charter()
    body = {"driver_id": office.sipho.id, "attendant_ids": [], "bus_id": None}
    assert office.post(charter, "assign", None, **body).status_code == 401
    for who in (office.sipho, office.thabo, add_person("traveller"), add_person("agent", Role.AGENT)):
        assert office.post(charter, "assign", who, **body).status_code == 403
    assert status_of(charter) == "pending"


def test_all_of_a_crew_are_asked_and_told_what_they_need_to_know(office: Office, world: World) -> None:
    db.session.add(StaffProfile(staff_id=office.thabo.id, phone="+27 82 111 2222"))
    charter = add_charter(add_service("Coach"), add_service("Guide"), client_phone="+27 83 999 8888", note="Two prams")
    answer = office.assign(charter, office.sipho, office.thabo, bus_id=world.bus.id, note="Fuel is paid")
    assert answer.status_code == 200, answer.json
    assert answer.json["appointment"]["status"] == "assigned"
    assert answer.json["appointment"]["bus"] == "FB-1"
    assert answer.json["appointment"]["operator"]["id"] == office.operator.id
    assert answer.json["warnings"] == []
    assert crew_of(charter) == [(office.sipho.id, "driver", "offered"), (office.thabo.id, "attendant", "offered")]
    for who in (office.sipho, office.thabo):
        (notification,) = told(who)
        own = db.session.scalars(select(Assignment).where(Assignment.staff_id == who.id)).one()
        assert (notification.kind, notification.assignment_id) == ("offered", own.id)
        assert charter.reference in notification.title
        for word in ("10:00", "+0200", "Union Buildings", "Soweto", "Lerato Club", "+27 83 999 8888", "Coach, Guide"):
            assert word in notification.message
        for word in ("FB-1", "Sipho (driver)", "Thabo (attendant), +27 82 111 2222", "Two prams", "Fuel is paid"):
            assert word in notification.message
    assert told(office.beside) == []
    assert history_of(charter) == [(Action.ASSIGNED, "assigned")]


def test_an_answer_is_due_within_the_setting_and_before_the_start(office: Office) -> None:
    late, soon = add_charter(), add_charter(starts=clock.now() + timedelta(minutes=30))
    office.assign(late, office.sipho)
    office.assign(soon, office.anna)
    until = select(Assignment.answer_by - Assignment.offered_at, Assignment.answer_by == Assignment.starts_at)
    rows = [db.session.execute(until.where(Assignment.appointment_id == each.id)).one() for each in (late, soon)]
    assert rows[0][0] == timedelta(minutes=120)
    assert [row[1] for row in rows] == [False, True]


def test_who_stays_keeps_their_answer_and_who_leaves_is_told(office: Office) -> None:
    charter = add_charter()
    office.assign(charter, office.sipho, office.thabo)
    office.post(charter, "accept", office.sipho)
    answer = office.assign(charter, office.sipho, office.zanele)
    assert answer.json["appointment"]["status"] == "assigned"
    assert crew_of(charter) == [
        (office.sipho.id, "driver", "accepted"),
        (office.thabo.id, "attendant", "withdrawn"),
        (office.zanele.id, "attendant", "offered"),
    ]
    assert kinds(office.thabo) == ["offered", "withdrawn"]
    assert kinds(office.sipho) == ["offered"]


def test_when_all_who_stay_have_accepted_the_charter_is_accepted_at_once(office: Office) -> None:
    charter = add_charter()
    office.assign(charter, office.sipho, office.thabo)
    office.post(charter, "accept", office.sipho)
    answer = office.assign(charter, office.sipho)
    assert answer.json["appointment"]["status"] == "accepted"
    assert history_of(charter)[-2:] == [(Action.ASSIGNED, "accepted"), (Action.ACCEPTED, "accepted")]
    again = office.assign(charter, office.sipho)
    assert again.json["appointment"]["status"] == "accepted"
    assert history_of(charter)[-1] == (Action.ASSIGNED, "accepted")


def test_who_changes_their_part_is_asked_again(office: Office) -> None:
    charter = add_charter()
    office.accepted(charter, office.anna)
    office.assign(charter, office.sipho, office.anna)
    assert crew_of(charter) == [
        (office.anna.id, "driver", "withdrawn"),
        (office.sipho.id, "driver", "offered"),
        (office.anna.id, "attendant", "offered"),
    ]


def test_a_question_among_colleagues_becomes_the_offices_own(office: Office) -> None:
    """Anna was asked by Sipho to take over; the operator wants her, and not him."""
    charter = add_charter()
    office.accepted(charter, office.sipho)
    office.post(charter, "hand-over", office.sipho, to=office.anna.id)
    answer = office.assign(charter, office.anna)
    assert answer.json["appointment"]["status"] == "assigned"
    assert office.post(charter, "accept", office.anna).json["status"] == "accepted"
    assert crew_of(charter) == [(office.sipho.id, "driver", "withdrawn"), (office.anna.id, "driver", "accepted")]


def test_a_new_bus_is_told_to_those_who_stay(office: Office, world: World) -> None:
    charter = add_charter()
    office.accepted(charter, office.sipho)
    office.assign(charter, office.sipho, bus_id=world.bus.id)
    assert kinds(office.sipho) == ["offered", "changed"]
    assert "FB-1" in told(office.sipho)[-1].message


def test_a_bus_must_be_there_in_service_big_enough_and_free(office: Office, world: World) -> None:
    idle = world.add_bus("IDLE", world.layout)
    idle.active = False
    world.commit()
    add_charter(bus=world.bus, starts=tomorrow(12))
    charter = add_charter()
    crowd = add_charter(passengers=13, starts=tomorrow(10, days=3))
    before = state()
    for which, bus_id, status, code in (
        (charter, 999_999, 422, "unknown_bus"),
        (charter, idle.id, 422, "unknown_bus"),
        (crowd, world.bus.id, 409, "bus_too_small"),
        (charter, world.bus.id, 409, "bus_busy"),
    ):
        answer = office.assign(which, office.sipho, bus_id=bus_id)
        assert (answer.status_code, answer.json["code"]) == (status, code)
        assert answer.json["errors"][0]["pointer"] == "/bus_id"
    assert state() == before


def test_a_cancelled_charter_frees_its_bus(office: Office, world: World) -> None:
    first, second = add_charter(), add_charter(starts=tomorrow(11))
    assert office.assign(first, office.sipho, bus_id=world.bus.id).status_code == 200
    assert office.assign(second, office.anna, bus_id=world.bus.id).json["code"] == "bus_busy"
    office.post(first, "cancel", office.operator, reason="rain")
    assert office.assign(second, office.anna, bus_id=world.bus.id).status_code == 200


def test_what_should_be_known_comes_with_the_answer(office: Office) -> None:
    early = add_charter(starts=tomorrow(4), hours=4)
    office.accepted(early, office.sipho)
    answer = office.assign(add_charter(starts=tomorrow(10), hours=8), office.sipho)
    assert answer.status_code == 200
    codes = {warning["code"] for warning in answer.json["warnings"]}
    assert "driving_day" in codes
    assert {(warning["staff_id"], warning["name"]) for warning in answer.json["warnings"]} == {
        (office.sipho.id, "Sipho")
    }


@pytest.mark.parametrize("status", ["in_progress", "completed", "cancelled"])
def test_what_is_under_way_or_over_is_not_assigned(office: Office, status: str) -> None:
    charter = add_charter(status=status)  # type: ignore[arg-type]
    before = state()
    answer = office.assign(charter, office.sipho)
    assert (answer.status_code, answer.json["code"]) == (409, "impossible_change")
    assert state() == before


def test_what_has_started_is_not_assigned(office: Office) -> None:
    charter = add_charter(starts=clock.now() - timedelta(minutes=1))
    assert office.assign(charter, office.sipho).json["code"] == "impossible_change"
    assert status_of(charter) == "pending"


def test_the_largest_crew_keeps_the_budgets(office: Office, world: World) -> None:
    """Each of eleven is replaced and told, and each of the new ones; the views' budgets count what it takes."""
    charter = add_charter(starts=clock.now() + timedelta(hours=2))
    first, second = ([add_person(f"{side}{number}", Role.ATTENDANT) for number in range(10)] for side in "ab")
    assert office.assign(charter, office.sipho, *first, bus_id=world.bus.id).status_code == 200
    assert office.assign(charter, office.anna, *second).status_code == 200
    for person in (*second, office.anna):
        assert office.post(charter, "accept", person).status_code == 200
    assert status_of(charter) == "accepted"
    assert office.post(charter, "cancel", office.operator, reason="rain").status_code == 200
    assert kinds(first[9]) == ["offered", "withdrawn"]
    assert kinds(second[9]) == ["offered", "cancelled"]
