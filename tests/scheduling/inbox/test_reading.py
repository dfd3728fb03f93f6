"""One's own notifications: listed, looked at, read and unread. Those of others do not exist."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role, User
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import AppointmentStatus
from falconbus.scheduling.assignments.models import AssignmentStatus
from falconbus.scheduling.notifications.models import NotificationKind
from tests.counting import statements
from tests.scheduling.charters import add_assignment, add_charter
from tests.scheduling.notifications.telling import ADDRESS, tell
from tests.scheduling.people import add_person, headers_of

CALLS = (
    ("GET", ""),
    ("GET", "/count"),
    ("GET", "/1"),
    ("POST", "/1/read"),
    ("DELETE", "/1/read"),
    ("POST", "/read"),
    ("GET", "/preferences"),
    ("PUT", "/preferences"),
)


@pytest.fixture
def sipho(database: SQLAlchemy) -> User:
    """A driver, who has a colleague with a notification of her own."""
    tell(add_person("naledi", Role.DRIVER), title="For Naledi alone")
    return add_person("sipho", Role.DRIVER)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_nobody_in_particular_has_notifications(client: FlaskClient, method: str, path: str) -> None:
    assert client.open(ADDRESS + path, method=method, json={}).status_code == 401


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_travellers_have_none(client: FlaskClient, method: str, path: str) -> None:
    headers = headers_of(add_person("thandi"))
    assert client.open(ADDRESS + path, method=method, json={}, headers=headers).status_code == 403


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/read"), ("DELETE", "/read")])
def test_those_of_others_do_not_exist(client: FlaskClient, sipho: User, method: str, path: str) -> None:
    other = add_person("lerato", Role.ATTENDANT)
    theirs = tell(other)
    for key in (theirs, theirs + 1, 999_999_999):
        answer = client.open(f"{ADDRESS}/{key}{path}", method=method, headers=headers_of(sipho))
        assert (answer.status_code, answer.json["code"]) == (404, "notification_not_found")
    assert client.get(f"{ADDRESS}/count", headers=headers_of(other)).json == {"unread": 1}


def test_the_list_has_the_newest_first_without_the_long_text(client: FlaskClient, sipho: User) -> None:
    first, second = tell(sipho, title="First"), tell(sipho, title="Second", schedule_id=7)
    answer = client.get(ADDRESS, headers=headers_of(sipho)).json
    assert [(each["id"], each["title"], each["read"]) for each in answer["results"]] == [
        (second, "Second", False),
        (first, "First", False),
    ]
    assert (answer["total"], answer["unread"], answer["next"], answer["previous"]) == (2, 2, None, None)
    assert answer["results"][0]["schedule_id"] == 7
    assert "message" not in answer["results"][0]


def test_a_charter_and_a_rejection_are_told_with_their_facts(client: FlaskClient, sipho: User) -> None:
    boss = add_person("boss", Role.OPERATOR)
    charter = add_charter(status=AppointmentStatus.ASSIGNED)
    rejected = add_assignment(charter, sipho, status=AssignmentStatus.REJECTED, reason="I am ill")
    tell(boss, kind=NotificationKind.REJECTED, appointment_id=charter.id, assignment_id=rejected.id)
    told = client.get(ADDRESS, headers=headers_of(boss)).json["results"][0]
    assert told["appointment"] == {
        "reference": charter.reference,
        "status": "assigned",
        "start": clock.local(charter.starts_at, charter.time_zone).isoformat(),
    }
    assert told["appointment"]["start"].endswith("+02:00")
    assert told["rejection"] == {"by": {"id": sipho.id, "name": "Sipho"}, "reason": "I am ill"}


def test_what_an_offer_says_of_its_reader_is_no_rejection(client: FlaskClient, sipho: User) -> None:
    charter = add_charter(status=AppointmentStatus.ASSIGNED)
    offer = add_assignment(charter, sipho, reason="left over")
    tell(sipho, kind=NotificationKind.OFFERED, appointment_id=charter.id, assignment_id=offer.id)
    assert client.get(ADDRESS, headers=headers_of(sipho)).json["results"][0]["rejection"] is None


@pytest.mark.parametrize("unread", ["", "&unread=true"])
def test_pages_follow_one_another_there_and_back(client: FlaskClient, sipho: User, unread: str) -> None:
    keys = [tell(sipho) for _ in range(5)][::-1]
    headers = headers_of(sipho)
    address, seen = f"{ADDRESS}?page_size=2{unread}", []
    while address:
        page = client.get(address, headers=headers).json
        seen.append([each["id"] for each in page["results"]])
        assert (page["total"], page["unread"]) == (5, 5)
        address = page["next"]
    assert seen == [keys[:2], keys[2:4], keys[4:]]
    before = client.get(page["previous"], headers=headers).json
    assert [each["id"] for each in before["results"]] == keys[2:4]


def test_only_the_unread_are_listed_when_asked(client: FlaskClient, sipho: User) -> None:
    headers = headers_of(sipho)
    read, unread = tell(sipho), tell(sipho)
    client.post(f"{ADDRESS}/{read}/read", headers=headers)
    page = client.get(f"{ADDRESS}?unread=true", headers=headers).json
    assert [each["id"] for each in page["results"]] == [unread]
    assert (page["total"], page["unread"]) == (2, 1)
    everything = client.get(f"{ADDRESS}?unread=false", headers=headers).json
    assert {each["id"]: each["read"] for each in everything["results"]} == {read: True, unread: False}


def test_a_list_costs_two_statements_for_one_row_and_for_a_hundred(client: FlaskClient, sipho: User) -> None:
    headers = headers_of(sipho)
    charter = add_charter(status=AppointmentStatus.ASSIGNED)
    counts = []
    for number in (1, 99):
        for _ in range(number):
            tell(sipho, appointment_id=charter.id)
        with statements() as sent:
            rows = client.get(f"{ADDRESS}?page_size=100", headers=headers).json["results"]
        counts.append((len(rows), len([one for one in sent if "notifications" in one])))
    assert counts == [(1, 2), (100, 2)]


@pytest.mark.parametrize("address", ["/api/scheduling/notifications/", "/api/v1/scheduling/notifications/"])
def test_the_address_works_without_version_and_with_a_closing_slash(
    client: FlaskClient, sipho: User, address: str
) -> None:
    key = tell(sipho)
    assert [each["id"] for each in client.get(address, headers=headers_of(sipho)).json["results"]] == [key]


def test_only_the_fields_asked_for_are_told(client: FlaskClient, sipho: User) -> None:
    key = tell(sipho)
    headers = headers_of(sipho)
    assert client.get(f"{ADDRESS}?fields=id,read", headers=headers).json["results"] == [{"id": key, "read": False}]
    assert client.get(f"{ADDRESS}?fields=message", headers=headers).status_code == 422


def test_to_look_at_one_does_not_mark_it_as_read(client: FlaskClient, sipho: User) -> None:
    key = tell(sipho)
    told = client.get(f"{ADDRESS}/{key}", headers=headers_of(sipho)).json
    assert told["message"] == "It begins at 11:00.\nAll else is as it was."
    assert (told["read"], told["answer_url"]) == (False, None)
    assert client.get(f"{ADDRESS}/count", headers=headers_of(sipho)).json == {"unread": 1}


def test_an_open_offer_comes_with_its_link_and_an_answered_one_without(
    client: FlaskClient, sipho: User, database: SQLAlchemy
) -> None:
    offer = add_assignment(add_charter(status=AppointmentStatus.ASSIGNED), sipho)
    key = tell(sipho, kind=NotificationKind.OFFERED, appointment_id=offer.appointment_id, assignment_id=offer.id)
    url = client.get(f"{ADDRESS}/{key}", headers=headers_of(sipho)).json["answer_url"]
    assert url.startswith("http://127.0.0.1:8000/")
    offer.withdraw(at=clock.now())
    database.session.commit()
    assert client.get(f"{ADDRESS}/{key}", headers=headers_of(sipho)).json["answer_url"] is None


def test_one_is_read_and_unread_again_however_often(client: FlaskClient, sipho: User) -> None:
    key = tell(sipho)
    headers = headers_of(sipho)
    for method, unread in (("POST", 0), ("POST", 0), ("DELETE", 1), ("DELETE", 1), ("POST", 0)):
        assert client.open(f"{ADDRESS}/{key}/read", method=method, headers=headers).status_code == 204
        assert client.get(f"{ADDRESS}/count", headers=headers).json == {"unread": unread}
        assert client.get(f"{ADDRESS}/{key}", headers=headers).json["read"] is (unread == 0)


def test_all_up_to_what_was_seen_are_read_and_nobody_elses(client: FlaskClient, sipho: User) -> None:
    headers, other = headers_of(sipho), add_person("lerato", Role.ATTENDANT)
    keys = [tell(sipho) for _ in range(3)]
    tell(other, sipho)
    assert client.post(f"{ADDRESS}/read", json={"up_to": keys[1]}, headers=headers).json == {"read": 2}
    assert client.get(f"{ADDRESS}/count", headers=headers).json == {"unread": 2}
    with statements() as sent:
        assert client.post(f"{ADDRESS}/read", json={"up_to": None}, headers=headers).json == {"read": 2}
    assert len([one for one in sent if one.startswith("DELETE")]) == 1
    assert client.post(f"{ADDRESS}/read", json={}, headers=headers).json == {"read": 0}
    assert client.get(f"{ADDRESS}/count", headers=headers_of(other)).json == {"unread": 1}


@pytest.mark.parametrize(
    "body", [{"up_to": 0}, {"up_to": -1}, {"up_to": "7"}, {"up_to": 2**63}, {"up_to": 1.5}, {"upto": 1}, [], "all"]
)
def test_a_bad_mark_is_told_and_changes_nothing(client: FlaskClient, sipho: User, body: object) -> None:
    tell(sipho)
    answer = client.post(f"{ADDRESS}/read", json=body, headers=headers_of(sipho))
    assert answer.status_code == 422
    assert client.get(f"{ADDRESS}/count", headers=headers_of(sipho)).json == {"unread": 1}


@pytest.mark.parametrize("query", ["unread=perhaps", "cursor=nonsense", "page_size=0", "page_size=101", "kind=offered"])
def test_a_bad_question_is_told(client: FlaskClient, sipho: User, query: str) -> None:
    answer = client.get(f"{ADDRESS}?{query}", headers=headers_of(sipho))
    assert (answer.status_code, bool(answer.json["errors"])) == (422, True)


def test_the_count_comes_with_an_etag_and_once(client: FlaskClient, sipho: User) -> None:
    headers = headers_of(sipho)
    first = client.get(f"{ADDRESS}/count", headers=headers)
    headers["If-None-Match"] = first.headers["ETag"]
    assert client.get(f"{ADDRESS}/count", headers=headers).status_code == 304
    tell(sipho)
    assert client.get(f"{ADDRESS}/count", headers=headers).json == {"unread": 1}


def test_mails_are_wanted_until_somebody_says_no(client: FlaskClient, sipho: User, database: SQLAlchemy) -> None:
    address, headers = f"{ADDRESS}/preferences", headers_of(sipho)
    assert client.get(address, headers=headers).json == {"wants_mail": True}
    for wants in (False, True, False):
        assert client.put(address, json={"wants_mail": wants}, headers=headers).json == {"wants_mail": wants}
        assert client.get(address, headers=headers).json == {"wants_mail": wants}
    tell(sipho)
    asked = database.session.execute(text("SELECT arguments FROM outbox WHERE arguments ? 'notification_id'"))
    assert len(asked.all()) == 1, "Naledi's only"


@pytest.mark.parametrize("body", [{}, {"wants_mail": "no"}, {"wants_mail": None}, {"wants_mail": True, "phone": "1"}])
def test_bad_preferences_change_nothing(client: FlaskClient, sipho: User, body: dict[str, object]) -> None:
    answer = client.put(f"{ADDRESS}/preferences", json=body, headers=headers_of(sipho))
    assert answer.status_code == 422
    assert client.get(f"{ADDRESS}/preferences", headers=headers_of(sipho)).json == {"wants_mail": True}


def test_who_is_gone_is_told_nothing(database: SQLAlchemy, sipho: User) -> None:
    sipho.active = False
    database.session.commit()
    tell(sipho)
    found = database.session.scalar(text("SELECT count(*) FROM notifications WHERE staff_id = :id"), {"id": sipho.id})
    assert found == 0


def test_times_of_a_charter_elsewhere_have_its_own_offset(client: FlaskClient, sipho: User) -> None:
    starts = clock.now() + timedelta(days=1)
    charter = add_charter(starts=starts, time_zone="Africa/Nairobi")
    tell(sipho, appointment_id=charter.id)
    told = client.get(ADDRESS, headers=headers_of(sipho)).json["results"][0]
    assert told["appointment"]["start"].endswith("+03:00")
