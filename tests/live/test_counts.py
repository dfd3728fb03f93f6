"""Listeners of notifications: each hears their own number, at once and when it changes."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.live import stream_tokens
from falconbus.live.unread_counts import Subscription, UnreadCounts
from falconbus.scheduling.notifications import counters
from tests.e2e.conftest import eventually
from tests.live.conftest import SECRET_KEY, Listener, LiveProcess, OwnRedis
from tests.live.test_views import TICKET
from tests.scheduling.notifications.telling import ADDRESS, tell
from tests.scheduling.people import add_person, headers_of


def ticket_of(user_id: int) -> str:
    return stream_tokens.issue_token(SECRET_KEY, user_id, [stream_tokens.NOTIFICATIONS])


def put(redis: OwnRedis, **counts: int) -> None:
    """Numbers as the web process keeps them, by `user7`."""
    numbers = {int(name.removeprefix("user")): count for name, count in counts.items()}
    counters.store(redis.client, counters.mark(redis.client, list(numbers)), numbers)


def numbers(listener: Listener) -> list[int]:
    return [data["unread"] for data in listener.heard("notifications")]


def test_two_people_hear_each_their_own_number(live: LiveProcess, own_redis: OwnRedis) -> None:
    put(own_redis, user7=3, user8=5)
    sipho, again, naledi = live.listen(ticket_of(7)), live.listen(ticket_of(7)), live.listen(ticket_of(8))
    eventually(lambda: (numbers(sipho), numbers(again), numbers(naledi)) == ([3], [3], [5]))
    assert live.health()["listeners"] == 3
    put(own_redis, user7=4)
    eventually(lambda: (numbers(sipho), numbers(again)) == ([3, 4], [3, 4]))
    put(own_redis, user8=0)
    eventually(lambda: numbers(naledi) == [5, 0])
    time.sleep(1.5)
    assert (numbers(sipho), numbers(naledi)) == ([3, 4], [5, 0]), "what has not changed is not told"
    assert {name for name, _ in sipho.events} == {"notifications"}


def test_what_somebody_is_told_and_reads_is_heard_by_them_alone(
    live: LiveProcess, own_redis: OwnRedis, app: FalconBus, client: FlaskClient, database: SQLAlchemy
) -> None:
    there, app.extensions["cache_redis"] = app.extensions["cache_redis"], own_redis.client
    try:
        people = [add_person(name, Role.DRIVER) for name in ("sipho", "naledi")]
        tell(people[0])
        asked = [client.get(f"{TICKET}?topic=notifications", headers=headers_of(each)).json for each in people]
        sipho, naledi = (live.listen(each["ticket"]) for each in asked)
        eventually(lambda: (numbers(sipho), numbers(naledi)) == ([1], [0]))
        tell(people[0])
        eventually(lambda: numbers(sipho) == [1, 2])
        client.post(f"{ADDRESS}/read", json={}, headers=headers_of(people[0]))
        eventually(lambda: numbers(sipho) == [1, 2, 0])
        assert numbers(naledi) == [0]
    finally:
        app.extensions["cache_redis"] = there


def test_a_listener_of_performance_hears_no_counts_and_the_other_way_round(
    live: LiveProcess, own_redis: OwnRedis
) -> None:
    put(own_redis, user7=3)
    own = live.listen(ticket_of(7))
    other = live.listen(stream_tokens.issue_token(SECRET_KEY, 7, [stream_tokens.PERFORMANCE]))
    eventually(lambda: own.heard("notifications") and other.heard("performance"))
    assert not own.heard("performance")
    assert not other.heard("notifications")


def test_many_listeners_cost_one_question_a_second(live: LiveProcess, own_redis: OwnRedis) -> None:
    put(own_redis, **{f"user{number}": number for number in range(1, 41)})
    listeners = [live.listen(ticket_of(number)) for number in range(1, 41)]
    eventually(lambda: all(numbers(each) == [number] for number, each in enumerate(listeners, 1)))

    def questions() -> int:
        return int(own_redis.client.info("commandstats")["cmdstat_mget"]["calls"])

    before = questions()
    time.sleep(3)
    assert questions() - before <= 5
    assert live.resident_megabytes() < 70


def test_who_leaves_is_asked_after_no_longer(live: LiveProcess, own_redis: OwnRedis) -> None:
    async def run() -> tuple[list[list[int]], int]:
        asked: list[list[int]] = []

        def look(user_ids: Sequence[int]) -> Mapping[int, int | None]:
            asked.append(sorted(user_ids))
            return dict.fromkeys(user_ids, 1)

        counts = UnreadCounts(look)
        with Subscription(counts, 7).listening():
            with Subscription(counts, 8).listening():
                await asyncio.sleep(0.1)
            await asyncio.sleep(1.2)
        return asked, counts.listeners

    asked, listeners = asyncio.run(run())
    assert (asked[0], asked[-1], listeners) == ([7, 8], [7], 0)


def test_a_slow_listener_hears_the_newest_number(live: LiveProcess) -> None:
    async def run() -> list[bytes | None]:
        held = {7: 1}
        counts = UnreadCounts(lambda user_ids: {each: held[each] for each in user_ids})
        hearing, heard = Subscription(counts, 7), []
        with hearing.listening():
            heard.append(await hearing.next(5))
            held[7] = 2
            await asyncio.sleep(1.2)
            held[7] = 3
            await asyncio.sleep(1.2)
            heard += [await hearing.next(5), await hearing.next(0.1)]
        return heard

    first, second, nothing = asyncio.run(run())
    assert first == b'event: notifications\ndata: {"unread":1}\n\n'
    assert second == b'event: notifications\ndata: {"unread":3}\n\n'
    assert nothing is None


def test_after_redis_was_away_who_listens_is_asked_for_another_ticket(live: LiveProcess, own_redis: OwnRedis) -> None:
    put(own_redis, user7=3)
    listener = live.listen(ticket_of(7))
    eventually(lambda: numbers(listener) == [3])
    own_redis.stop()
    eventually(lambda: listener.heard("away"))
    time.sleep(1.5)
    assert len(listener.heard("away")) == 1
    assert not listener.has_ended
    own_redis.start()
    eventually(lambda: listener.has_ended)
    assert listener.events[-1] == ("renew", {})
    put(own_redis, user7=4)
    later = live.listen(ticket_of(7))
    eventually(lambda: numbers(later) == [4])


def test_a_number_that_redis_has_lost_is_counted_anew(live: LiveProcess, own_redis: OwnRedis) -> None:
    put(own_redis, user7=3)
    listener, unknown = live.listen(ticket_of(7)), live.listen(ticket_of(9))
    eventually(lambda: numbers(listener) == [3])
    own_redis.client.flushdb()
    eventually(lambda: listener.has_ended)
    assert listener.events[-1] == ("renew", {})
    assert (unknown.has_ended, unknown.events) == (False, [])


def test_at_the_end_every_listener_is_told_to_come_back(live: LiveProcess, own_redis: OwnRedis) -> None:
    put(own_redis, user7=3)
    listener = live.listen(ticket_of(7))
    eventually(lambda: numbers(listener) == [3])
    live.process.terminate()
    assert live.process.wait(10) == 0
    eventually(lambda: listener.has_ended)
    assert listener.events[-1] == ("renew", {})
