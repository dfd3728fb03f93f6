"""Operators give everything back where the terms would not: an hour before, and of a coach that never ran."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from tests.accounts.signing import signed_in
from tests.calls import bearer
from tests.checkout.test_cancelling import confirmed
from tests.world import World

WAIVER: dict[str, Any] = {"waive_fee": True, "reason": "The coach never ran"}


@pytest.fixture
def operator(database: SQLAlchemy) -> dict[str, str]:
    return signed_in(Role.OPERATOR)


@pytest.fixture
def held(world: World, client: FlaskClient, database: SQLAlchemy) -> dict[str, Any]:
    """Two passengers whose coach has left, of a class that is not refundable."""
    world.standard.refundable = False
    world.commit()
    held = confirmed(client, world.add_schedule().id, passengers=2)
    database.session.execute(text("UPDATE journeys SET departs_at = now() - interval '1 minute'"))
    database.session.commit()
    return held


def cancel(
    client: FlaskClient, held: dict[str, Any], headers: dict[str, str], *, quote: bool = False, **body: Any
) -> Any:
    address = f"/api/v1/bookings/{held['reference']}/cancel{'?quote=1' if quote else ''}"
    return client.post(address, json=body, headers=headers)


def test_everything_comes_back_of_a_coach_that_never_ran(
    held: dict[str, Any], client: FlaskClient, database: SQLAlchemy, operator: dict[str, str]
) -> None:
    refused = cancel(client, held, operator)
    assert (refused.status_code, refused.json["code"]) == (409, "too_late_to_cancel")
    quote = cancel(client, held, operator, quote=True, passengers=[2], **WAIVER)
    assert quote.json == {"refund": "300.00", "fee": "0.00", "currency": "ZAR"}
    first = cancel(client, held, operator, passengers=[2], **WAIVER).json
    assert (first["status"], first["refund"], first["fee"]) == ("confirmed", "300.00", "0.00")
    rest = cancel(client, held, operator, **WAIVER).json
    assert (rest["status"], rest["refund"], rest["fee"]) == ("cancelled", "600.00", "0.00")
    assert database.session.execute(text("SELECT amount FROM refunds ORDER BY id")).scalars().all() == [30000, 30000]
    audited = database.session.execute(
        text("SELECT subject_id, details FROM audit_log WHERE action = 'waive_fee' ORDER BY id")
    ).all()
    assert [tuple(row) for row in audited] == [
        (held["reference"], {"reason": WAIVER["reason"], "refund": 30000}) for _ in range(2)
    ]


@pytest.mark.parametrize("role", [Role.AGENT, None], ids=str)
def test_travellers_and_agents_waive_nothing(
    role: Role | None, held: dict[str, Any], client: FlaskClient, database: SQLAlchemy
) -> None:
    headers = signed_in(role) if role else bearer(held["manage_token"])
    for quote in (True, False):
        refused = cancel(client, held, headers, quote=quote, **WAIVER)
        assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
    assert database.session.execute(text("SELECT count(*) FROM refunds")).scalar_one() == 0


@pytest.mark.parametrize("body", [{"waive_fee": True}, {"reason": "why"}, {"waive_fee": True, "reason": ""}])
def test_a_waiver_has_a_reason_and_a_reason_is_of_a_waiver(
    body: dict[str, Any], held: dict[str, Any], client: FlaskClient, operator: dict[str, str]
) -> None:
    refused = cancel(client, held, operator, **body)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/reason")


def test_a_stranger_learns_nothing_by_a_waiver(held: dict[str, Any], client: FlaskClient, database: SQLAlchemy) -> None:
    assert cancel(client, held, signed_in(), **WAIVER).status_code == 404
