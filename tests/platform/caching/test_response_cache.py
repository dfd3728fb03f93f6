"""Cached answers: kept, dropped when what they tell of changes, made by one caller, right on every web process."""

import pickle
import threading
import time
from contextvars import Context
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.platform.caching import maintenance, versions
from falconbus.platform.caching.response_cache import ResponseCache
from falconbus.platform.caching.serializing import PREFIX
from falconbus.platform.caching.versioned_store import VersionedStore
from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import RedisConnection, cache_redis
from falconbus.search.cache_groups import SEARCH
from falconbus.timetable.models import Schedule
from tests.accounts.signing import signed_in
from tests.calls import hold
from tests.counting import statements
from tests.platform.caching.conftest import Neighbour, OwnRedis
from tests.world import World


def search(client: FlaskClient, day: str, **more: Any) -> Any:
    return client.get("/api/v1/schedules", query_string={"origin": "A", "destination": "D", "date": day, **more})


def seats(answer: Any) -> int:
    return sum(fare_class["available_seats"] for fare_class in answer.json["results"][0]["fare_classes"])


@pytest.fixture
def day(world: World) -> str:
    """A day with one departure, of twelve seats, long settled."""
    schedule = world.add_schedule()
    settle()
    return world.day_of(schedule)


def settle() -> None:
    """As if nothing had been announced lately."""
    redis = cache_redis()
    redis.delete(versions.KEY)


def forget_here(app: FalconBus) -> None:
    """As a process that has just been started."""
    cache: ResponseCache = app.extensions["response_cache"]
    cache.local.clear()


def test_the_second_answer_is_the_first_one_kept(day: str, client: FlaskClient) -> None:
    first, second, third = (search(client, day) for _ in range(3))
    assert [each.headers["X-Cache"] for each in (first, second, third)] == ["MISS", "HIT", "HIT"]
    assert (first.json.pop("from_cache"), second.json.pop("from_cache")) == (False, True)
    assert {**first.json, "from_cache": True} == {**second.json, "from_cache": True} == third.json
    with statements() as sent:
        assert search(client, day).headers["X-Cache"] == "HIT"
    assert sent == []


def test_an_empty_answer_is_kept_and_a_refusal_is_not(world: World, client: FlaskClient) -> None:
    tomorrow = (clock.now() + timedelta(days=1)).date().isoformat()
    settle()
    assert [search(client, tomorrow).headers["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    assert search(client, tomorrow).json["results"] == []
    for _ in range(2):
        refused = client.get("/api/v1/schedules?origin=A&destination=NOWHERE&date=" + tomorrow)
        assert refused.status_code == 404
        assert "X-Cache" not in refused.headers


def test_answers_differ_by_every_parameter_and_unknown_ones_fill_nothing(day: str, client: FlaskClient) -> None:
    search(client, day)
    assert search(client, day, passengers=2).headers["X-Cache"] == "MISS"
    assert search(client, day, fields="id,price").headers["X-Cache"] == "MISS"
    before = len(list(cache_redis().scan_iter(f"{PREFIX}*")))
    assert search(client, day, utm_source="spam").status_code == 422
    assert len(list(cache_redis().scan_iter(f"{PREFIX}*"))) == before


def test_a_sale_shows_at_once_where_it_was_made(world: World, client: FlaskClient, day: str) -> None:
    for _ in range(3):
        assert seats(search(client, day)) == 12
    hold(client, 2, passengers=2)
    assert seats(search(client, day)) == 10


def test_a_sale_shows_within_a_second_on_another_process(
    world: World, client: FlaskClient, day: str, neighbour: Neighbour
) -> None:
    other = neighbour()
    assert [seats(search(other, day)) for _ in range(4)] == [12] * 4
    hold(client, 2, passengers=3)
    deadline = time.monotonic() + 1
    while (found := seats(search(other, day))) != 9 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert found == 9


def test_seats_given_back_show_as_well(world: World, client: FlaskClient, day: str) -> None:
    held = hold(client, 2, passengers=2)
    assert seats(search(client, day)) == 10
    token = {"Authorization": f"Bearer {held['manage_token']}"}
    assert client.post(f"/api/v1/bookings/{held['reference']}/cancel", json={}, headers=token).status_code == 200
    assert seats(search(client, day)) == 12


def test_a_sale_leaves_other_days_alone(world: World, client: FlaskClient, day: str) -> None:
    other_day = world.day_of(world.add_schedule(days=9))
    settle()
    assert [search(client, other_day).headers["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    hold(client, 2)
    assert search(client, other_day).headers["X-Cache"] == "HIT"


def test_what_is_read_between_announcement_and_commit_is_kept_for_a_moment_only(
    world: World, client: FlaskClient, day: str, app: FalconBus, neighbour: Neighbour
) -> None:
    """The crash between any two lines: an answer from before the commit must not outlive it by a second."""
    other = neighbour()
    cache: ResponseCache = app.extensions["response_cache"]
    cache.versions.announce([f"seats:1:{day.replace('-', '')}"])
    first = search(other, day)
    assert first.headers["X-Cache"] == "MISS"
    keys = [key.decode().removeprefix(PREFIX) for key in cache_redis().scan_iter(f"{PREFIX}search:*")]
    kept = [cache.versioned.find(key) for key in keys]
    assert [entry.fresh for entry in kept] == [versions.SETTLED_AFTER]
    assert [entry.stale for entry in kept] == [0.0]


def test_one_caller_makes_a_missing_answer_and_the_others_wait(day: str, app: FalconBus, neighbour: Neighbour) -> None:
    clients = [app.test_client(), neighbour().application.test_client()]
    start, answers = threading.Barrier(12), []

    def ask(number: int) -> None:
        start.wait()
        answers.append(search(clients[number % 2], day).headers["X-Cache"])

    threads = [threading.Thread(target=Context().run, args=(ask, number)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["HIT"] * 11 + ["MISS"]


def test_an_old_answer_that_still_holds_is_served_while_somebody_makes_another(
    day: str, client: FlaskClient, app: FalconBus
) -> None:
    search(client, day)
    key = next(iter(cache_redis().scan_iter(f"{PREFIX}search:*"))).decode().removeprefix(PREFIX)
    later = clock.now() + timedelta(seconds=SEARCH.fresh + 1)
    with time_machine.travel(later, tick=False):
        url = app.config["SETTINGS"].cache_redis_url
        elsewhere = VersionedStore(RedisConnection(url, timeout=1))
        assert elsewhere.acquire(key)[0]
        stale = search(client, day)
        assert (stale.headers["X-Cache"], stale.json["from_cache"]) == ("STALE", True)
        elsewhere.release(key)
        assert search(client, day).headers["X-Cache"] == "MISS"


def test_a_change_by_staff_shows_at_once(world: World, client: FlaskClient, app: FalconBus) -> None:
    admin = signed_in(Role.ADMIN)
    for path in ("/api/v1/stops?q=A", "/api/v1/routes", "/api/v1/fare-classes"):
        client.get(path)
        assert client.get(path).headers["X-Cache"] == "HIT"
    client.patch("/api/v1/stops/A", json={"name": "Aardvark Park"}, headers=admin)
    client.patch("/api/v1/routes/1", json={"name": "The Long Way"}, headers=admin)
    client.patch("/api/v1/fare-classes/comfort", json={"name": "Lie-flat"}, headers=admin)
    assert "Aardvark Park" in client.get("/api/v1/stops?q=A").text
    assert "The Long Way" in client.get("/api/v1/routes").text
    assert "Lie-flat" in client.get("/api/v1/fare-classes").text


@pytest.mark.parametrize(
    ("path", "change"),
    [("/api/v1/schedules/2", {"active": False}), ("/api/v1/timetables/{timetable}", {"active": False})],
)
def test_a_change_of_a_departure_or_a_timetable_shows_at_once(
    path: str, change: dict[str, Any], world: World, client: FlaskClient, day: str, database: SQLAlchemy
) -> None:
    assert [search(client, day).headers["X-Cache"] for _ in range(3)][-1] == "HIT"
    schedule = database.session.get_one(Schedule, 2)
    address = path.format(timetable=schedule.timetable_id)
    database.session.rollback()
    assert client.patch(address, json=change, headers=signed_in(Role.ADMIN)).status_code == 200
    answer = search(client, day)
    assert answer.headers["X-Cache"] == "MISS"
    assert 2 not in [row["id"] for row in answer.json["results"]]


def test_what_staff_see_is_theirs_alone(world: World, client: FlaskClient) -> None:
    admin = signed_in(Role.ADMIN)
    client.patch("/api/v1/routes/1", json={"active": False}, headers=admin)
    assert "A - D" in client.get("/api/v1/routes", headers=admin).text
    assert "A - D" not in client.get("/api/v1/routes").text
    assert "X-Cache" not in client.get("/api/v1/routes", headers=admin).headers


def test_a_cleared_group_is_made_anew_and_the_others_are_not(day: str, client: FlaskClient) -> None:
    for _ in range(2):
        search(client, day)
        client.get("/api/v1/stops")
    maintenance.clear([SEARCH])
    assert search(client, day).headers["X-Cache"] == "MISS"
    assert client.get("/api/v1/stops").headers["X-Cache"] == "HIT"


def test_popular_answers_are_warmed_before_they_run_out(
    day: str, client: FlaskClient, app: FalconBus, database: SQLAlchemy
) -> None:
    cache: ResponseCache = app.extensions["response_cache"]
    for _ in range(3):
        search(client, day)
    cache.popularity._flushed_at = 0.0  # noqa: SLF001  as if five seconds had gone by
    search(client, day, passengers=2)
    later = clock.now() + timedelta(seconds=SEARCH.fresh - 5)
    with time_machine.travel(later, tick=False):
        assert maintenance.warm() >= 1
    with time_machine.travel(later + timedelta(seconds=6), tick=False):
        assert search(client, day).headers["X-Cache"] == "HIT"


@pytest.mark.parametrize("group", ["search", "stops"])
def test_a_pickle_in_the_shared_redis_is_nothing_to_us(
    group: str, day: str, client: FlaskClient, app: FalconBus
) -> None:
    paths = {"search": f"/api/v1/schedules?origin=A&destination=D&date={day}", "stops": "/api/v1/stops"}
    client.get(paths[group])
    key = next(iter(cache_redis().scan_iter(f"{PREFIX}{group}:*")))
    cache_redis().set(key, b"!" + pickle.dumps(Exploding()))
    forget_here(app)
    assert client.get(paths[group]).headers["X-Cache"] == "MISS"
    assert Exploding.went_off == 0


@pytest.mark.parametrize("path", ["/api/v1/stops", "/api/v1/routes", "/api/v1/fare-classes"])
def test_plain_groups_are_kept_by_flask_caching_for_every_process(
    path: str, day: str, app: FalconBus, neighbour: Neighbour
) -> None:
    elsewhere = neighbour()
    cache: ResponseCache = elsewhere.application.extensions["response_cache"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cache, "versioned", None)
        first = elsewhere.get(path)
    (key,) = (key.decode().removeprefix(PREFIX) for key in cache_redis().scan_iter(f"{PREFIX}*"))
    (flask_caching,) = app.extensions["cache"].values()
    assert flask_caching.get(key).response.body[1:] in first.data
    assert neighbour().get(path).headers["X-Cache"] == "HIT"


class Exploding:
    """Counts how often it was unpickled."""

    went_off = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return (_go_off, ())


def _go_off() -> None:
    Exploding.went_off += 1


def test_with_redis_away_everything_answers_and_nothing_is_kept(
    world: World, day: str, neighbour: Neighbour, own_redis: OwnRedis
) -> None:
    client = neighbour(CACHE_REDIS_URL=own_redis.url)
    assert [search(client, day).headers["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    own_redis.stop()
    time.sleep(versions.TRUSTED_FOR)
    for _ in range(3):
        answer = search(client, day)
        assert (answer.status_code, answer.headers["X-Cache"], seats(answer)) == (200, "MISS", 12)
    hold(client, 2, passengers=4)
    assert seats(search(client, day)) == 8


def test_a_sale_while_redis_was_away_is_made_up_for_when_it_is_back(
    world: World, day: str, neighbour: Neighbour, own_redis: OwnRedis
) -> None:
    """The old answer is in its file still: it must not come back with it."""
    client = neighbour(CACHE_REDIS_URL=own_redis.url)
    assert [seats(search(client, day)) for _ in range(2)] == [12, 12]
    own_redis.stop()
    hold(client, 2, passengers=4)
    own_redis.start()
    time.sleep(versions.PAUSE + 0.1)
    assert seats(search(client, day)) == 8
