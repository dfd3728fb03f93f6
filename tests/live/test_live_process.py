"""The live process: who may hear what, many at once, and what happens when Redis goes and comes back."""

import time
from urllib.request import urlopen

import pytest
import time_machine

from falconbus.live import stream_tokens
from falconbus.platform.kit import clock
from tests.e2e.conftest import eventually
from tests.live.conftest import PUBLIC_URL, SECRET_KEY, LiveProcess, OwnRedis


def good_ticket() -> str:
    return stream_tokens.issue_token(SECRET_KEY, 1, [stream_tokens.PERFORMANCE])


def test_many_listeners_hear_the_same_numbers(live: LiveProcess, own_redis: OwnRedis) -> None:
    ticket = good_ticket()
    listeners = [live.listen(ticket) for _ in range(60)]
    eventually(lambda: all(listener.heard("performance") for listener in listeners))
    assert live.health()["listeners"] == 60
    own_redis.tell("p1", 100)
    own_redis.tell("p2", 50)
    eventually(lambda: all(listener.heard("performance")[-1]["requests"] == 150 for listener in listeners))
    newest = listeners[0].heard("performance")[-1]
    assert newest["processes"] == 2
    assert newest["p50_ms"] == pytest.approx(10, rel=0.02)
    assert newest["endpoints"][0]["name"] == "GET /x"
    told = [{numbers["at"] for numbers in listener.heard("performance")} for listener in listeners]
    assert len(set.union(*told)) < 60, "each listener has its own computation"
    assert live.resident_megabytes() < 70


def test_without_listeners_nothing_is_looked_at(live: LiveProcess, own_redis: OwnRedis) -> None:
    def commands() -> int:
        return int(own_redis.client.info("commandstats").get("cmdstat_hgetall", {}).get("calls", 0))

    before = commands()
    time.sleep(2.5)
    assert commands() == before
    live.listen(good_ticket())
    eventually(lambda: commands() > before)


@pytest.mark.parametrize("kind", ["none", "forged", "other key", "altered"])
def test_a_ticket_that_is_not_ours_is_refused(live: LiveProcess, kind: str) -> None:
    ticket = {
        "none": "",
        "forged": "WzEsWyJwZXJmb3JtYW5jZSJdXQ.aaaaaa.bbbbbbbbbbbb",
        "other key": stream_tokens.issue_token("x" * 32, 1, [stream_tokens.PERFORMANCE]),
        "altered": good_ticket()[:-3] + "AAA",
    }[kind]
    listener = live.listen(ticket)
    eventually(lambda: listener.has_ended)
    assert (listener.status, listener.events) == (401, [])


def test_an_old_ticket_is_refused(live: LiveProcess) -> None:
    with time_machine.travel(clock.now().timestamp() - stream_tokens.VALID_SECONDS - 5):
        ticket = good_ticket()
    listener = live.listen(ticket)
    eventually(lambda: listener.has_ended)
    assert listener.status == 401


def test_a_ticket_for_something_else_is_refused(live: LiveProcess) -> None:
    listener = live.listen(stream_tokens.issue_token(SECRET_KEY, 1, ["seats"]))
    eventually(lambda: listener.has_ended)
    assert (listener.status, listener.events) == (403, [])


def test_only_pages_of_ours_may_listen(live: LiveProcess) -> None:
    ours = live.listen(good_ticket(), Origin=PUBLIC_URL)
    other = live.listen(good_ticket(), Origin="https://evil.example")
    eventually(lambda: ours.heard("performance") and other.has_ended)
    assert (ours.status, other.status) == (200, 403)
    assert {name.lower(): value for name, value in ours.answered.items()}["access-control-allow-origin"] == PUBLIC_URL
    assert "access-control-allow-origin" not in {name.lower() for name in other.answered}


def test_redis_away_is_told_once_and_the_numbers_come_back(live: LiveProcess, own_redis: OwnRedis) -> None:
    listener = live.listen(good_ticket())
    eventually(lambda: listener.heard("performance"))
    own_redis.stop()
    eventually(lambda: listener.heard("away"))
    heard = len(listener.heard("performance"))
    time.sleep(2.5)
    assert len(listener.heard("away")) == 1
    assert live.health()["status"] == "healthy"
    own_redis.start()
    eventually(lambda: len(listener.heard("performance")) > heard)
    assert not listener.has_ended


def test_who_leaves_is_counted_no_longer(live: LiveProcess) -> None:
    with urlopen(f"{live.url}/events?ticket={good_ticket()}", timeout=10) as stream:  # noqa: S310  ours
        stream.readline()
        assert live.health()["listeners"] == 1
    eventually(lambda: live.health()["listeners"] == 0)


def test_at_the_end_every_listener_is_told_to_come_back(live: LiveProcess) -> None:
    listeners = [live.listen(good_ticket()) for _ in range(5)]
    eventually(lambda: all(listener.heard("performance") for listener in listeners))
    live.process.terminate()
    assert live.process.wait(10) == 0
    eventually(lambda: all(listener.has_ended for listener in listeners))
    assert all(listener.events[-1] == ("renew", {}) for listener in listeners)
