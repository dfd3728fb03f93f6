"""One listener's stream: it ends in time, shows that it lives, and who takes nothing is let go."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.types import Message

from falconbus.live import stream
from falconbus.live.feed import Feed
from falconbus.live.stream import EventStream, Shutdown


async def hear(feed: Feed, take: Callable[[Message], Awaitable[None]], ending: Shutdown | None = None) -> None:
    """Answer somebody who never leaves."""

    async def never() -> Message:
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    await asyncio.wait_for(EventStream(feed, ending or Shutdown(), {})({}, never, take), 20)


def test_a_stream_ends_after_its_time_and_asks_for_another_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_STREAM_SECONDS", 0.3)
    taken: list[Message] = []

    async def take(message: Message) -> None:
        taken.append(message)

    async def run() -> Feed:
        feed = Feed("numbers", lambda: {"n": 1})
        await hear(feed, take)
        return feed

    feed = asyncio.run(run())
    assert taken[0]["type"] == "http.response.start"
    assert b'event: numbers\ndata: {"n":1}\n\n' in [message.get("body") for message in taken]
    assert taken[-1] == {"type": "http.response.body", "body": b"event: renew\ndata: {}\n\n", "more_body": False}
    assert feed.listeners == 0


def test_a_silent_stream_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_STREAM_SECONDS", 0.5)
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    taken: list[bytes] = []

    async def take(message: Message) -> None:
        taken.append(message.get("body", b""))

    async def run() -> None:
        await hear(Feed("numbers", dict), take)

    asyncio.run(run())
    assert b": alive\n\n" in taken


def test_who_takes_nothing_is_let_go_and_nothing_is_kept_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SEND_TIMEOUT", 0.2)
    calls = 0

    async def take(message: Message) -> None:
        nonlocal calls
        calls += 1
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def run() -> Feed:
        feed = Feed("numbers", lambda: {"n": 1})
        await hear(feed, take)
        return feed

    assert asyncio.run(run()).listeners == 0
    assert calls == 2
