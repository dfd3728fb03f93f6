"""What a process need not read again: while nothing of it has changed, and never when that cannot be known."""

import time
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from falconbus.accounts.models import Role
from falconbus.platform.caching import versions
from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import cache_redis
from tests.accounts.signing import signed_in
from tests.counting import statements
from tests.platform.caching.conftest import Neighbour, OwnRedis
from tests.world import World


def search(client: FlaskClient, days: int, **asked: str) -> tuple[int, int]:
    """The status of a search on a day that nobody has asked for yet, and how many statements it took."""
    day = (clock.now() + timedelta(days=days)).date().isoformat()
    with statements() as sent:
        answer = client.get("/api/v1/schedules", query_string={"origin": "A", "destination": "D", "date": day, **asked})
    return answer.status_code, len(sent)


@pytest.fixture
def settled(world: World) -> None:
    """A world with a coach every day, in which nothing was announced lately, as far as this process knows."""
    for days in range(3, 7):
        world.add_schedule(days=days)
    cache_redis().delete(versions.KEY)
    time.sleep(versions.TRUSTED_FOR)


@pytest.mark.usefixtures("settled")
def test_places_that_were_read_are_not_read_again_for_another_day(client: FlaskClient) -> None:
    assert [search(client, days) for days in (3, 4, 5)] == [(200, 2), (200, 1), (200, 1)]
    assert search(client, 6, origin="B") == (200, 2)


@pytest.mark.usefixtures("settled")
def test_a_stop_that_gets_another_city_is_read_again(client: FlaskClient) -> None:
    admin = signed_in(Role.ADMIN)
    assert search(client, 3, origin="City A") == (200, 2)
    assert client.patch("/api/v1/stops/A", json={"city": "Elsewhere"}, headers=admin).status_code == 200
    assert search(client, 4, origin="City A") == (404, 1)
    # For some seconds nothing of it is known for certain: an earlier state may have been read.
    assert [search(client, days, origin="Elsewhere") for days in (5, 6)] == [(200, 2), (200, 2)]


@pytest.mark.usefixtures("settled")
def test_what_another_process_changes_is_read_again_within_a_second(client: FlaskClient, neighbour: Neighbour) -> None:
    other, admin = neighbour(), signed_in(Role.ADMIN)
    assert [search(other, days, origin="City A")[0] for days in (3, 4)] == [200, 200]
    client.patch("/api/v1/stops/A", json={"city": "Elsewhere"}, headers=admin)
    ends = clock.now() + timedelta(seconds=1)
    while search(other, 5, origin="City A")[0] == 200 and clock.now() < ends:
        continue
    assert search(other, 6, origin="City A")[0] == 404


@pytest.mark.usefixtures("settled")
def test_who_is_not_found_is_looked_for_again(client: FlaskClient) -> None:
    assert search(client, 3, origin="NEW")[0] == 404
    admin = signed_in(Role.ADMIN)
    stop = {"code": "NEW", "name": "New", "city": "Newtown", "time_zone": "Africa/Johannesburg"}
    assert client.post("/api/v1/stops", json=stop, headers=admin).status_code == 201
    assert search(client, 4, origin="NEW")[0] == 200


def test_with_redis_away_everything_is_read(world: World, neighbour: Neighbour, own_redis: OwnRedis) -> None:
    """The other app's statements are not counted here: what it no longer finds shows that it has looked."""
    alone = neighbour(CACHE_REDIS_URL=own_redis.url)
    assert [search(alone, days)[0] for days in (3, 4)] == [200, 200]
    own_redis.stop()
    world.stops["A"].code = "Z"
    world.commit()
    time.sleep(versions.TRUSTED_FOR)
    assert search(alone, 5)[0] == 404
