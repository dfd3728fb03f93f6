"""Who may call what of the network; the first test of each address."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from falconbus.accounts.models import Role
from tests.accounts.signing import signed_in
from tests.network.calls import GOOD_BODIES
from tests.world import World

STAFF_ONLY = [
    ("GET", "/buses"),
    ("GET", "/buses/1"),
    ("GET", "/seat-layouts"),
    ("GET", "/seat-layouts/small"),
    ("GET", "/timetables"),
    ("GET", "/timetables/1"),
    ("GET", "/routes/1/schedules"),
]
CHANGES = [
    ("POST", "/routes"),
    ("PATCH", "/routes/1"),
    ("DELETE", "/routes/1"),
    ("PUT", "/routes/1/fares"),
    ("POST", "/stops"),
    ("PATCH", "/stops/A"),
    ("DELETE", "/stops/A"),
    ("POST", "/buses"),
    ("PATCH", "/buses/1"),
    ("DELETE", "/buses/1"),
    ("POST", "/fare-classes"),
    ("PATCH", "/fare-classes/standard"),
    ("POST", "/seat-layouts"),
    ("POST", "/timetables"),
    ("PATCH", "/timetables/1"),
    ("DELETE", "/timetables/1"),
    ("POST", "/schedules"),
    ("PATCH", "/schedules/1"),
    ("DELETE", "/schedules/1"),
]
PUBLIC = ["/routes", "/routes/1", "/stops/A", "/fare-classes"]
MISSING = [
    ("GET", "/routes/999"),
    ("PATCH", "/routes/999"),
    ("DELETE", "/routes/999"),
    ("GET", "/routes/999/schedules"),
    ("GET", "/stops/NOWHERE"),
    ("GET", "/stops/%00"),
    ("PATCH", "/stops/NOWHERE"),
    ("DELETE", "/stops/NOWHERE"),
    ("GET", "/buses/999"),
    ("PATCH", "/buses/999"),
    ("DELETE", "/buses/999"),
    ("PATCH", "/fare-classes/gold"),
    ("PATCH", "/fare-classes/%00"),
    ("GET", "/seat-layouts/none"),
    ("GET", "/seat-layouts/%00"),
    ("GET", "/timetables/999"),
    ("PATCH", "/timetables/999"),
    ("DELETE", "/timetables/999"),
    ("PATCH", "/schedules/999"),
    ("DELETE", "/schedules/999"),
    ("GET", "/routes/9999999999"),
]


@pytest.mark.parametrize(("method", "path"), [*STAFF_ONLY, *CHANGES])
@pytest.mark.usefixtures("world")
def test_nobody_in_particular_is_asked_to_sign_in(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(f"/api/v1{path}", method=method)
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize(("method", "path"), [*STAFF_ONLY, *CHANGES])
@pytest.mark.usefixtures("world")
def test_a_traveller_may_not(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(f"/api/v1{path}", method=method, headers=signed_in())
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


@pytest.mark.parametrize("role", [Role.DRIVER, Role.ATTENDANT, Role.AGENT])
@pytest.mark.usefixtures("world")
def test_other_staff_see_the_network_but_may_not_change_it(client: FlaskClient, role: Role) -> None:
    headers = signed_in(role)
    seen = [client.open(f"/api/v1{path}", method=method, headers=headers).status_code for method, path in STAFF_ONLY]
    refused = [client.open(f"/api/v1{path}", method=method, headers=headers).status_code for method, path in CHANGES]
    assert seen == [200] * len(STAFF_ONLY)
    assert refused == [403] * len(CHANGES)


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.usefixtures("world")
def test_anybody_sees_what_is_on_sale_with_and_without_the_closing_slash(client: FlaskClient, path: str) -> None:
    assert client.get(f"/api/v1{path}").status_code == 200
    assert client.get(f"/api/v1{path}/").status_code == 200


@pytest.mark.parametrize(("method", "path"), MISSING)
@pytest.mark.usefixtures("world")
def test_what_does_not_exist_is_not_found(client: FlaskClient, method: str, path: str) -> None:
    body: dict[str, Any] | None = {} if method == "PATCH" else None
    answer = client.open(f"/api/v1{path}", method=method, json=body, headers=signed_in(Role.OPERATOR))
    assert answer.status_code == 404, answer.json


@pytest.mark.parametrize(("method", "path"), [change for change in CHANGES if change[0] != "DELETE"])
@pytest.mark.usefixtures("world")
def test_a_body_must_be_json_and_an_object_without_anything_unknown(
    client: FlaskClient, method: str, path: str
) -> None:
    headers = signed_in(Role.OPERATOR)
    address = f"/api/v1{path}"
    form = client.open(address, method=method, data={"name": "x"}, headers=headers)
    broken = client.open(address, method=method, data="{,", content_type="application/json", headers=headers)
    listed = client.open(address, method=method, json=[], headers=headers)
    unknown = client.open(address, method=method, json={"colour": "red"}, headers=headers)
    assert [form.status_code, broken.status_code, listed.status_code] == [415, 400, 422]
    assert unknown.status_code == 422
    assert "/colour" in [fault["pointer"] for fault in unknown.json["errors"]]


@pytest.mark.parametrize("path", [path for method, path in CHANGES if method == "POST"])
@pytest.mark.usefixtures("world")
def test_whatever_is_made_takes_an_idempotency_key(client: FlaskClient, path: str) -> None:
    headers = {**signed_in(Role.OPERATOR), "Idempotency-Key": "short"}
    answer = client.post(f"/api/v1{path}", json=GOOD_BODIES[path], headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_idempotency_key")


@pytest.mark.parametrize("path", GOOD_BODIES)
def test_what_is_sent_twice_under_one_key_is_made_once(world: World, client: FlaskClient, path: str) -> None:
    headers = {**signed_in(Role.OPERATOR), "Idempotency-Key": "0123456789abcdef"}
    first = client.post(f"/api/v1{path}", json=GOOD_BODIES[path], headers=headers)
    second = client.post(f"/api/v1{path}", json=GOOD_BODIES[path], headers=headers)
    assert (first.status_code, second.status_code) == (201, 201), first.json
    assert second.headers["Idempotency-Replayed"] == "true"
    assert first.data == second.data
