"""Holding seats over HTTP."""

from flask.testing import FlaskClient

from tests.calls import booking_body, hold, pay
from tests.world import World


def test_search_hold_pay(world: World, client: FlaskClient) -> None:
    schedule = world.add_schedule()
    found = client.get(f"/api/v1/schedules?origin=A&destination=City%20D&date={world.day_of(schedule)}").json
    assert found["count"] == 1
    print(found)
    print(client.get(f"/api/v1/schedules/{schedule.id}").json)
    print(client.get(f"/api/v1/schedules/{schedule.id}/seats?origin=A&destination=B").json)
    held = hold(client, schedule.id)
    print(held)
    answer = pay(client, held)
    print(answer.status_code, answer.json)
    assert answer.status_code == 201
