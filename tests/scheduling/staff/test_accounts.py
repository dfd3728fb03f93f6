"""Accounts of the staff over HTTP: made, changed, closed, and never without an admin."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts import service as accounts
from falconbus.accounts.errors import LastAdmin
from falconbus.accounts.models import AuditEntry, Role, User
from falconbus.app import FalconBus
from falconbus.platform.database import transactions
from falconbus.scheduling.assignments.models import AssignmentStatus, CrewRole
from tests.network.calls import pointers
from tests.scheduling.charters import add_assignment, add_charter, tomorrow
from tests.scheduling.people import add_person, headers_of
from tests.scheduling.staff.conftest import STAFF


def test_an_account_is_made_with_a_password_told_once(
    client: FlaskClient, database: SQLAlchemy, headers: dict[str, str]
) -> None:
    body = {"email": "Thabo@Example.com", "name": "Thabo", "roles": ["driver", "attendant"], "phone": "+27 82 1234567"}
    key = {"Idempotency-Key": "a key of sixteen or more"}
    made = client.post(STAFF, json=body, headers={**headers, **key})
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    person: dict[str, Any] = {**(made.json or {})}
    password = person.pop("password")
    assert accounts.sign_in("thabo@example.com", password).token.startswith("fb_live_")
    shown = client.get(f"{STAFF}/{person['id']}", headers=headers).json
    assert shown == {**person, "licences": [], "hours": [], "leaves": []}
    assert (shown["email"], shown["roles"]) == ("thabo@example.com", ["attendant", "driver"])
    assert shown["phone"] == "+27 82 1234567"
    again = client.post(STAFF, json=body, headers={**headers, **key})
    assert (again.status_code, again.json["code"]) == (409, "email_taken")
    assert password not in again.text


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"roles": []}, ["/roles"]),
        ({"roles": ["king"], "name": ""}, ["/name", "/roles/0"]),
        ({"roles": ["driver", "driver"]}, ["/roles"]),
        ({"phone": "call me"}, ["/phone"]),
        ({"name": "a\u2028b", "active": 1}, ["/name", "/active"]),
    ],
)
def test_what_is_no_account_is_told(
    changes: dict[str, Any], faults: list[str], client: FlaskClient, admin: User, headers: dict[str, str]
) -> None:
    body = {"email": "x@example.com", "name": "X", "roles": ["driver"], **changes}
    assert pointers(client.post(STAFF, json=body, headers=headers)) == faults
    assert pointers(client.patch(f"{STAFF}/{admin.id}", json=changes, headers=headers)) == faults


def test_a_person_is_changed_closed_and_opened_again(
    client: FlaskClient, database: SQLAlchemy, headers: dict[str, str]
) -> None:
    thabo = add_person("thabo", Role.DRIVER)
    own = headers_of(thabo)
    address = f"{STAFF}/{thabo.id}"
    changes = {"name": "Thabo M", "roles": ["operator"], "phone": "0821234567"}
    changed = client.patch(address, json=changes, headers=headers)
    assert {side: changed.json[side] for side in changes} == changes
    assert client.get(STAFF, headers=own).status_code == 200
    assert client.patch(address, json={"phone": None}, headers=headers).json["phone"] is None
    assert client.patch(address, json={"active": False}, headers=headers).json["active"] is False
    assert client.get(STAFF, headers=own).status_code == 401
    assert client.patch(address, json={"active": True}, headers=headers).json["active"] is True
    assert client.get(STAFF, headers=own).status_code == 401
    assert client.get(STAFF, headers=headers_of(thabo)).status_code == 200
    told = database.session.query(AuditEntry.action, AuditEntry.details).where(
        AuditEntry.subject == "users", AuditEntry.subject_id == str(thabo.id)
    )
    assert [tuple(row) for row in told.order_by(AuditEntry.id)] == [
        ("change", {"name": "Thabo M", "roles": ["operator"]}),
        ("deactivate", {}),
        ("change", {"active": True}),
    ]


@pytest.mark.parametrize("changes", [{"active": False}, {"roles": ["operator"]}, {"active": False, "roles": ["admin"]}])
def test_nobody_locks_themselves_out(
    changes: dict[str, Any], client: FlaskClient, admin: User, headers: dict[str, str]
) -> None:
    other = add_person("other", Role.ADMIN)
    answer = client.patch(f"{STAFF}/{admin.id}", json=changes, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (409, "own_access")
    assert client.patch(f"{STAFF}/{admin.id}", json={"roles": ["admin", "driver"]}, headers=headers).status_code == 200
    assert client.patch(f"{STAFF}/{other.id}", json=changes, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"active": False}, "2 accepted duties"),
        ({"roles": ["attendant"]}, "1 accepted duty"),
        ({"roles": ["driver"]}, "1 accepted duty"),
        ({"roles": ["operator"]}, "2 accepted duties"),
        ({"roles": ["driver", "attendant", "operator"]}, None),
        ({"name": "T"}, None),
    ],
)
def test_somebody_with_duties_to_come_stays(
    changes: dict[str, Any], refused: str | None, client: FlaskClient, headers: dict[str, str]
) -> None:
    thabo = add_person("thabo", Role.DRIVER, Role.ATTENDANT)
    for starts, part, status in (
        (tomorrow(10), CrewRole.DRIVER, AssignmentStatus.ACCEPTED),
        (tomorrow(16), CrewRole.ATTENDANT, AssignmentStatus.ACCEPTED),
        (tomorrow(20), CrewRole.DRIVER, AssignmentStatus.WITHDRAWN),
        (tomorrow(10, days=-3), CrewRole.DRIVER, AssignmentStatus.ACCEPTED),
    ):
        add_assignment(add_charter(starts=starts), thabo, part, status)
    answer = client.patch(f"{STAFF}/{thabo.id}", json={**changes, "phone": "0821234567"}, headers=headers)
    shown = client.get(f"{STAFF}/{thabo.id}", headers=headers).json
    if refused is None:
        assert (answer.status_code, shown["phone"]) == (200, "0821234567")
    else:
        assert (answer.status_code, answer.json["code"]) == (409, "has_duties")
        assert answer.json["detail"].startswith(f"Thabo has {refused} to come")
        assert (shown["active"], shown["roles"], shown["phone"]) == (True, ["driver", "attendant"], None)


def test_the_last_admin_who_can_sign_in_stays(database: SQLAlchemy, admin: User) -> None:
    add_person("former", Role.ADMIN).active = False
    database.session.commit()
    for changes in ({"active": False}, {"roles": [Role.OPERATOR]}):
        with pytest.raises(LastAdmin):
            accounts.change_user(admin, **changes)
        database.session.rollback()
    add_person("other", Role.ADMIN)
    accounts.change_user(admin, active=False)
    assert not admin.active


def test_everything_about_an_admin_changes_at_once(client: FlaskClient, headers: dict[str, str]) -> None:
    other = add_person("other", Role.ADMIN)
    changes = {"name": "Else", "roles": ["operator"], "phone": "0821234567", "active": False}
    changed = client.patch(f"{STAFF}/{other.id}", json=changes, headers=headers)
    assert {side: changed.json[side] for side in changes} == changes


def test_of_two_admins_who_take_the_role_from_each_other_at_once_one_stays(
    app: FalconBus, database: SQLAlchemy
) -> None:
    one, other = add_person("one", Role.ADMIN), add_person("other", Role.ADMIN)
    headers = headers_of(other)

    def ask() -> int:
        return app.test_client().patch(f"{STAFF}/{one.id}", json={"roles": ["agent"]}, headers=headers).status_code

    def is_waiting() -> bool:
        locks = "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database WHERE datname = current_database()"
        with database.engine.connect() as connection:
            waiting = text(f"{locks} AND locktype = 'advisory' AND NOT granted")
            return bool(connection.scalar(waiting))

    accounts.change_user(other, roles=[Role.AGENT])
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask)
        for _ in range(500):
            if answer.done() or is_waiting():
                break
            time.sleep(0.02)
        transactions.commit()
        assert answer.result() == 409
