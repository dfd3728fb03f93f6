"""What is refused: clear problems, and nothing changed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from falconbus.accounts.models import Role
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.scheduling.staff_records.models import Leave, Licence
from tests.scheduling.charters import add_charter, tomorrow
from tests.scheduling.dispatch.office import Office, state
from tests.scheduling.people import add_licence, add_person


def assigned(office: Office, **changes: Any) -> dict[str, Any]:
    """A body for assign that would do, with changes."""
    return {"driver_id": office.sipho.id, "attendant_ids": [office.thabo.id], "bus_id": None, **changes}


BODIES: list[tuple[str, Callable[[Office], dict[str, Any]], str]] = [
    ("assign", lambda o: {}, "/driver_id"),
    ("assign", lambda o: {"driver_id": o.sipho.id}, "/bus_id"),
    ("assign", lambda o: assigned(o, driver_id=None), "/driver_id"),
    ("assign", lambda o: assigned(o, driver_id=True), "/driver_id"),
    ("assign", lambda o: assigned(o, driver_id=str(o.sipho.id)), "/driver_id"),
    ("assign", lambda o: assigned(o, driver_id=0), "/driver_id"),
    ("assign", lambda o: assigned(o, driver_id=2**31), "/driver_id"),
    ("assign", lambda o: assigned(o, bus_id=2**63), "/bus_id"),
    ("assign", lambda o: assigned(o, attendant_ids=list(range(1, 12))), "/attendant_ids"),
    ("assign", lambda o: assigned(o, attendant_ids=None), "/attendant_ids"),
    ("assign", lambda o: assigned(o, attendant_ids=[o.sipho.id]), "/attendant_ids/0"),
    ("assign", lambda o: assigned(o, attendant_ids=[o.thabo.id, o.zanele.id, o.thabo.id]), "/attendant_ids/2"),
    ("assign", lambda o: assigned(o, driver_id=999_999), "/driver_id"),
    ("assign", lambda o: assigned(o, driver_id=o.thabo.id, attendant_ids=[]), "/driver_id"),
    ("assign", lambda o: assigned(o, attendant_ids=[o.thabo.id, o.beside.id]), "/attendant_ids/1"),
    ("assign", lambda o: assigned(o, note="x" * 1001), "/note"),
    ("assign", lambda o: assigned(o, note="\x00"), "/note"),
    ("assign", lambda o: assigned(o, operator_id=1), "/operator_id"),
    ("accept", lambda o: {"please": True}, "/please"),
    ("reject", lambda o: {}, "/reason"),
    ("reject", lambda o: {"reason": ""}, "/reason"),
    ("reject", lambda o: {"reason": " \n\t "}, "/reason"),
    ("reject", lambda o: {"reason": "x" * 10_000}, "/reason"),
    ("reject", lambda o: {"reason": "a\x07b"}, "/reason"),
    ("reject", lambda o: {"reason": "a\u2028b"}, "/reason"),
    ("reject", lambda o: {"reason": 5}, "/reason"),
    ("reject", lambda o: {"reason": "ill", "by": 3}, "/by"),
    ("hand-over", lambda o: {}, "/to"),
    ("hand-over", lambda o: {"to": "anna"}, "/to"),
    ("hand-over", lambda o: {"to": -1}, "/to"),
    ("begin", lambda o: {"now": True}, "/now"),
    ("complete", lambda o: {"now": True}, "/now"),
    ("cancel", lambda o: {}, "/reason"),
    ("cancel", lambda o: {"reason": "x" * 10_000}, "/reason"),
]


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_a_body_that_will_not_do_is_pointed_at_and_nothing_changes(office: Office, number: int) -> None:
    action, body, pointer = BODIES[number]
    charter = add_charter(starts=clock.now() + timedelta(hours=1))
    office.assign(charter, office.sipho)
    who = office.sipho if action in {"accept", "reject", "hand-over"} else office.operator
    before = state()
    answer = office.post(charter, action, who, **body(office))
    assert answer.status_code == 422, answer.json
    assert answer.content_type == "application/problem+json"
    assert answer.json["errors"][0]["pointer"] == pointer
    assert state() == before


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"accept"'])
def test_what_is_no_object_is_refused(office: Office, body: str) -> None:
    charter = add_charter()
    office.assign(charter, office.sipho)
    before = state()
    address = f"/api/v1/scheduling/appointments/{charter.reference}/accept"
    headers = office.headers(office.sipho)
    assert office.client.post(address, data=body, headers=headers).status_code == 415
    answer = office.client.post(address, data=body, headers=headers, content_type="application/json")
    assert answer.status_code in {400, 422}
    assert state() == before


@pytest.mark.parametrize("reference", ["NOTHERE2", "x", "%00", "é", "A" * 300])
def test_a_charter_that_is_not_there_is_not_found(office: Office, reference: str) -> None:
    for action, body in (("assign", assigned(office)), ("accept", {}), ("cancel", {"reason": "no"})):
        address = f"/api/v1/scheduling/appointments/{reference}/{action}"
        answer = office.client.post(address, json=body, headers=office.headers(office.operator))
        assert answer.status_code == 404


def test_a_closed_account_and_other_roles_do_not_work_on_charters(office: Office) -> None:
    charter = add_charter()
    closed, agent = add_person("closed", Role.DRIVER), add_person("agent", Role.AGENT)
    closed.active = False
    db.session.commit()
    before = state()
    for driver in (closed, agent, add_person("traveller"), office.operator):
        answer = office.assign(charter, driver)
        assert (answer.status_code, answer.json["code"]) == (422, "unknown_staff")
    assert state() == before


def test_a_licence_must_hold_until_the_end_when_asked_and_when_answering(office: Office) -> None:
    charter, second = add_charter(), add_charter(starts=tomorrow(10, days=2))
    office.assign(charter, office.sipho)
    for person in (office.sipho, office.anna):
        db.session.execute(delete(Licence).where(Licence.staff_id == person.id))
        add_licence(person, days=-1)
    before = state()
    answer = office.assign(second, office.anna)
    assert (answer.status_code, answer.json["code"]) == (409, "licence_expired")
    assert answer.json["errors"][0]["pointer"] == "/driver_id"
    answer = office.post(charter, "accept", office.sipho)
    assert (answer.status_code, answer.json["code"]) == (409, "licence_expired")
    assert state() == before
    add_licence(office.sipho, days=30)
    assert office.post(charter, "accept", office.sipho).status_code == 200


def test_who_is_on_leave_is_neither_asked_nor_accepts(office: Office) -> None:
    charter, second = add_charter(), add_charter(starts=tomorrow(10), passengers=2)
    office.assign(charter, office.sipho, office.thabo)
    day = tomorrow(10).date()
    for person in (office.thabo, office.zanele):
        db.session.add(Leave(staff_id=person.id, first_day=day, last_day=day, kind="annual"))
    db.session.commit()
    before = state()
    answer = office.assign(second, office.anna, office.zanele)
    assert (answer.status_code, answer.json["code"]) == (409, "on_leave")
    assert answer.json["errors"][0]["pointer"] == "/attendant_ids/0"
    assert office.post(charter, "accept", office.thabo).json["code"] == "on_leave"
    assert state() == before


def test_lines_of_a_reason_may_be_broken_and_marks_in_it_are_text(office: Office) -> None:
    charter = add_charter()
    office.assign(charter, office.sipho)
    reason = "ill:\r\n\t<b>'); DROP TABLE users;--"
    assert office.post(charter, "reject", office.sipho, reason=reason).json["rejection"]["reason"] == reason.replace(
        "\r\n", "\n"
    )
