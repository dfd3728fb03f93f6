"""Each thing that a provider tells of a payment counts once, in whatever order it comes; two things are not one."""

from itertools import permutations
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.platform.integrations.payments.provider import ChargeStatus, Outcome
from tests.calls import hold, pay
from tests.checkout.doubles import sandbox
from tests.world import World

ADDRESS = "/api/v1/payments/webhooks/sandbox"
PENDING, PAID = ChargeStatus.PENDING, ChargeStatus.PAID


def tell(client: FlaskClient, key: str, status: ChargeStatus) -> int:
    body, headers = sandbox().webhook(key, Outcome(status, f"sandbox_{key}"))
    return client.post(ADDRESS, headers=headers, data=body).status_code


def counts(database: SQLAlchemy) -> dict[str, Any]:
    database.session.rollback()
    names = {
        "confirmed": "SELECT count(*) FROM bookings WHERE status = 'confirmed'",
        "paid": "SELECT count(*) FROM payments WHERE status = 'paid'",
        "mails": "SELECT count(*) FROM mails WHERE kind = 'booking.confirmation'",
        "events": "SELECT count(*) FROM webhook_events",
        "refunds": "SELECT count(*) FROM refunds",
    }
    return {name: database.session.execute(text(query)).scalar_one() for name, query in names.items()}


@pytest.mark.parametrize("told", sorted(set(permutations([PENDING, PENDING, PAID, PAID]))))
def test_pending_and_paid_each_count_once(
    told: tuple[ChargeStatus, ...], world: World, client: FlaskClient, database: SQLAlchemy
) -> None:
    hold(client, world.add_schedule(days=4).id)
    key = pay(client, hold(client, world.add_schedule().id), "slow").json["payment_id"]
    for status in told:
        assert tell(client, key, status) == 204
    assert counts(database) == {"confirmed": 1, "paid": 1, "mails": 1, "events": 2, "refunds": 0}
