"""A booking whose departure the operator has cancelled or moved, as its traveller sees it."""

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role
from tests.accounts.signing import signed_in
from tests.checkout.trips import paid_return
from tests.site.pages import address, words
from tests.world import World


def test_a_cancelled_departure_is_said_with_its_reason(world: World, client: FlaskClient) -> None:
    held = paid_return(world, client)
    first = held["journeys"][0]["schedule_id"]
    cancelled = client.post(
        f"/api/v1/schedules/{first}/cancel", json={"reason": "A <bridge> is closed"}, headers=signed_in(Role.OPERATOR)
    )
    assert cancelled.status_code == 200
    page = client.get(address(held))
    assert page.text.count("it does not run: A &lt;bridge&gt; is closed") == 1
    assert "<bridge>" not in page.text


def test_who_is_moved_far_reads_that_leaving_is_free(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    held = paid_return(world, client)
    assert "free of charge" not in words(client.get(address(held)))
    database.session.execute(
        text("UPDATE journeys SET sold_departs_at = departs_at + interval '2 hours' WHERE number = 1")
    )
    database.session.commit()
    assert words(client.get(address(held))).count("cancel it free of charge") == 1
