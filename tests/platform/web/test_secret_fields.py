"""Secrets of answers are sent and not stored: the answer is kept without, and replayed as it was, to the byte."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from flask import Blueprint
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.platform.kit import references
from falconbus.platform.kit.schema import Secret
from falconbus.platform.web.declarations import PUBLIC, operation_of
from falconbus.platform.web.operations import operation
from falconbus.platform.web.secret_fields import leave_out, put_back, secret_fields
from tests.calls import bearer, booking_body
from tests.scheduling.appointments.asking import body_of
from tests.scheduling.charters import add_service
from tests.unmarked_secrets import unmarked_secrets
from tests.world import World

KEY = {"Idempotency-Key": "a-key-of-sixteen-or-more"}


def booking(world: World) -> dict[str, Any]:
    return booking_body(world.add_schedule().id, passengers=2)


def charter(world: World) -> dict[str, Any]:
    del world
    return body_of(add_service(), note='A "manage_token":"fbm_x" with ümläuts, \\ and <tags>.')


#: Every idempotent operation whose answer bears a secret: what it is sent, and what the token's bearer may look at.
BEARING: dict[str, tuple[Callable[[World], dict[str, Any]], str]] = {
    "/api/v1/bookings": (booking, "/api/v1/bookings/{reference}"),
    "/api/v1/scheduling/appointments": (charter, "/api/v1/scheduling/appointments/{reference}"),
}


def stored(database: SQLAlchemy) -> list[str]:
    """Every row of the keys, as text; somebody else's must be among them."""
    database.session.rollback()
    statement = "SELECT caller || ' ' || key || ' ' || request_hash || convert_from(body, 'UTF8') FROM idempotency_keys"
    return list(database.session.execute(text(statement)).scalars())


def test_every_idempotent_operation_with_a_secret_is_tried_here(migrated_app: FalconBus) -> None:
    found = set()
    for rule in migrated_app.url_map.iter_rules():
        declared = operation_of(migrated_app.view_functions[rule.endpoint])
        if declared is not None and declared.secrets:
            found.add(rule.rule)
    # The one that changes what there is, is tried in tests/checkout/test_correcting.py.
    assert found == {*BEARING, "/api/v1/bookings/<reference>"}


@pytest.mark.parametrize("address", BEARING)
def test_a_secret_is_sent_and_sent_again_and_stored_nowhere(
    address: str, world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    make, shown_at = BEARING[address]
    body = make(world)
    other = client.post(address, json=body, headers={"Idempotency-Key": "somebody else's sixteen"})
    first, again = (client.post(address, json=body, headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.data, again.content_type) == (first.data, first.content_type)
    tokens = [answer.json["manage_token"] for answer in (first, other)]
    assert tokens[0] != tokens[1]
    rows = stored(database)
    assert len(rows) == 2
    for token in tokens:
        assert not [row for row in rows if token in row or token.split("_", 2)[2] in row]
    reference = first.json["reference"]
    assert [reference in row for row in rows].count(True) == 1, "what makes it again is kept"
    shown = client.get(shown_at.format(reference=reference), headers=bearer(again.json["manage_token"]))
    assert shown.status_code == 200


def test_a_row_of_the_release_before_is_replayed_too(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    """It bears the token."""
    body = booking(world)
    first = client.post("/api/v1/bookings", json=body, headers=KEY)
    database.session.execute(text("UPDATE idempotency_keys SET body = :body"), {"body": first.data})
    database.session.commit()
    assert client.post("/api/v1/bookings", json=body, headers=KEY).data == first.data


class PartOut(msgspec.Struct):
    name: str
    token: Secret | None = None


class WholeOut(msgspec.Struct):
    manage_token: Secret
    parts: list[PartOut]
    by_name: dict[str, PartOut]
    either: PartOut | None
    amounts: tuple[str, float, bool]


class TopOut(msgspec.Struct):
    reference: str
    manage_token: Secret
    rest: str


def test_secrets_are_found_wherever_a_shape_has_them() -> None:
    assert secret_fields(WholeOut) == {"manage_token", "parts.token", "by_name.token", "either.token"}
    assert secret_fields(PartOut) == {"token"}
    assert secret_fields(None) == set()


@pytest.mark.parametrize(
    "answer",
    [
        TopOut("ABC", "a token of ABC", 'quotes " and "manage_token":"x", ü, \u2028, \\'),
        {"reference": "ABC", "manage_token": "a token of ABC", "rest": [1, 1.0, 1e22, -0.0, None, True, {"": ""}]},
    ],
)
def test_what_is_left_out_is_put_back_in_its_place(answer: Any) -> None:
    secrets = {"manage_token": lambda told: f"a token of {told['reference']}"}
    body = msgspec.json.encode(answer)
    kept = leave_out(body, secrets)
    assert b"a token of" not in kept
    assert put_back(kept, secrets) == body
    assert leave_out(body, {}) == body
    assert leave_out(b"", secrets) == b""


def test_a_refusal_that_is_kept_has_no_secret_to_leave_out() -> None:
    refusal = b'{"type":"urn:falconbus:problem:payment_declined","status":402}'
    assert put_back(leave_out(refusal, {"manage_token": str}), {"manage_token": str}) == refusal


@pytest.mark.parametrize(
    ("shape", "secrets"),
    [
        (TopOut, {}),
        (TopOut, {"token": str}),
        (PartOut, {"manage_token": str}),
        (WholeOut, {"manage_token": str}),
        (WholeOut, dict.fromkeys(("manage_token", "parts.token", "by_name.token", "either.token"), str)),
    ],
)
def test_an_idempotent_operation_that_forgets_a_secret_cannot_be_declared(shape: Any, secrets: Any) -> None:
    with pytest.raises(TypeError, match=r"secrets|top"):
        operation(
            Blueprint("nowhere", __name__).post("/nowhere"),
            who=PUBLIC, gives={201: shape}, idempotent=True, secrets=secrets, budget=0,
        )  # fmt: skip


def test_one_that_keeps_nothing_may_answer_with_secrets() -> None:
    operation(Blueprint("nowhere", __name__).post("/nowhere"), who=PUBLIC, gives={201: WholeOut}, budget=0)


def test_a_secret_in_a_field_that_is_not_marked_is_seen() -> None:
    """So that a new one cannot be forgotten: every answer of every test is looked at (tests/declared.py)."""
    token = f"fbm_ABCD2345_{references.signature('a key', 'manage', 'ABCD2345')}"
    assert unmarked_secrets(TopOut, msgspec.json.encode(TopOut("ABC", token, "rest"))) == []
    assert unmarked_secrets(TopOut, msgspec.json.encode(TopOut("ABC", "", token))) == ["rest"]
    for shown in (f"https://example.com/manage/{token.replace('_', '.')}?x=1", f"fb_live_{'0a' * 8}_{'x' * 43}"):
        assert unmarked_secrets(PartOut, msgspec.json.encode({"parts": [{"name": shown}]})) == ["parts.name"]
