"""The unread notifications of each listener: one question to Redis a second for all of them, told when they change."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from redis.exceptions import RedisError

from falconbus.live.feed import event
from falconbus.live.polling import POLL_SECONDS

_AWAY = event("away", {})


class UserChannel:
    """What all streams of one listener are told: the number, or that it cannot be known."""

    def __init__(self) -> None:
        self.streams = 0
        self.number: int | None = None
        self.latest: bytes | None = None
        self.is_stale = False
        self._changed = asyncio.Event()

    def update(self, number: int | None) -> None:
        """Take in what Redis has.

        A number that is gone, and every one after Redis was away, may have missed a change: it is lost, and whoever
        listens is asked for another ticket, which has it counted anew.
        """
        self.is_stale = self.latest is _AWAY or (number is None and self.number is not None)
        if self.is_stale:
            self.wake()
        elif number != self.number:
            self.number = number
            self.publish(event("notifications", {"unread": number}))

    def publish(self, latest: bytes) -> None:
        self.latest = latest
        self.wake()

    def wake(self) -> None:
        """Let each stream look whether there is something to tell, or to wait for."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Return when woken, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()


class Subscription:
    """One stream of a listener, who hears the latest number, whatever came between."""

    latest: bytes | None = None

    def __init__(self, counts: "UnreadCounts", user_id: int) -> None:
        self._counts = counts
        self._user_id = user_id
        self._channel = UserChannel()
        self._sent: bytes | None = None

    @property
    def has_ended(self) -> bool:
        return self._channel.is_stale

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Be counted, so that there is something to hear."""
        self._channel = self._counts.subscribe(self._user_id)
        try:
            yield
        finally:
            self._counts.unsubscribe(self._user_id, self._channel)

    async def next(self, seconds: float) -> bytes | None:
        """What has not been told yet; None when nothing came in so many seconds."""
        if self._channel.latest is self._sent:
            await self._channel.wait(seconds)
        if self._channel.latest is self._sent:
            return None
        self._sent = self._channel.latest
        return self._sent


class UnreadCounts:
    """Looks once a second while somebody listens, and at once when somebody comes."""

    def __init__(self, poll: Callable[[Sequence[int]], Mapping[int, int | None]]) -> None:
        self._poll = poll
        self._channels: dict[int, UserChannel] = {}
        self._new_listener = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.listeners = 0

    def subscribe(self, user_id: int) -> UserChannel:
        """One more stream of somebody's."""
        channel = self._channels.setdefault(user_id, UserChannel())
        channel.streams += 1
        self.listeners += 1
        if channel.latest is None:
            self._new_listener.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return channel

    def unsubscribe(self, user_id: int, channel: UserChannel) -> None:
        """One stream fewer."""
        channel.streams -= 1
        self.listeners -= 1
        if not channel.streams and self._channels.get(user_id) is channel:
            del self._channels[user_id]

    def wake(self) -> None:
        """Let every stream look whether there is still something to wait for."""
        for channel in self._channels.values():
            channel.wake()

    async def _run(self) -> None:
        while self._channels:
            self._new_listener.clear()
            try:
                self._update(await asyncio.to_thread(self._poll, list(self._channels)))
            except RedisError:
                for channel in self._channels.values():
                    if channel.latest is not _AWAY:
                        channel.publish(_AWAY)
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._new_listener.wait()
        self._task = None

    def _update(self, found: Mapping[int, int | None]) -> None:
        for user_id, number in found.items():
            channel = self._channels.get(user_id)
            if channel is not None:
                channel.update(number)
                if channel.is_stale:
                    # Who comes with another ticket begins anew.
                    del self._channels[user_id]
