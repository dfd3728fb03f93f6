"""The latest event of a topic, for any number of listeners: made once, and only while somebody listens."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from redis.exceptions import RedisError

from falconbus.live.polling import POLL_SECONDS


def event(name: str, data: object) -> bytes:
    """An event in the form of the HTML standard, section 9.2 (Server-sent events); JSON has no line breaks."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))


class Feed:
    """Looks once a second. Who is slow misses events; nothing is kept for anybody."""

    has_ended = False

    def __init__(self, name: str, poll: Callable[[], object]) -> None:
        self._name = name
        self._poll = poll
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.listeners = 0
        self.latest: bytes | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Be counted, so that there is something to hear."""
        self.listeners += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self.listeners -= 1

    async def next(self, seconds: float) -> bytes | None:
        """The next event; None when none came in so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return None
        return self.latest

    def wake(self) -> None:
        """Let every listener look whether there is still something to wait for."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def _run(self) -> None:
        was_away = False
        while self.listeners:
            try:
                self._publish(event(self._name, await asyncio.to_thread(self._poll)))
                was_away = False
            except RedisError:
                if not was_away:
                    self._publish(event("away", {}))
                was_away = True
            await asyncio.sleep(POLL_SECONDS)
        self._task = self.latest = None

    def _publish(self, latest: bytes) -> None:
        self.latest = latest
        self.wake()
