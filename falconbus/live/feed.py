"""The latest event of a topic for any number of listeners, polled once for all and only while somebody listens."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from redis.exceptions import RedisError

from falconbus.live.polling import POLL_SECONDS


def event(name: str, data: object) -> bytes:
    """Return an event in the format of the HTML standard, section 9.2 (Server-sent events); JSON has no line breaks."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))


class Feed:
    """Polls once a second and passes the latest event on; a slow listener misses events, none are queued."""

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
        """Count the listener, so that the feed polls."""
        self.listeners += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self.listeners -= 1

    async def next(self, seconds: float) -> bytes | None:
        """Return the next event; None when there is none within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return None
        return self.latest

    def wake(self) -> None:
        """Let every listener check whether its stream has ended."""
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
