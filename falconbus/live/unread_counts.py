"""Unread notification counts of all listeners: one poll of Redis a second for all, sent when they change."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from redis.exceptions import RedisError

from falconbus.live.feed import event
from falconbus.live.polling import POLL_SECONDS

_AWAY = event("away", {})


class UserChannel:
    """The latest event of one user for all of their streams: a count, or that it cannot be known."""

    def __init__(self) -> None:
        self.streams = 0
        self.number: int | None = None
        self.latest: bytes | None = None
        self.is_stale = False
        self._changed = asyncio.Event()

    def update(self, number: int | None) -> None:
        """Take in the count that Redis has, and notify the streams when it has changed.

        A count that is gone, and any count after Redis was away, may have missed a change: the channel becomes stale,
        and its listeners are asked for another ticket, which has the count computed anew.
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
        """Let each stream check whether there is a new event, or whether it has ended."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Wait until woken, at most `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()


class Subscription:
    """One stream of a user: yields the latest count and skips those in between."""

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
        """Keep the stream subscribed to its user's channel."""
        self._channel = self._counts.subscribe(self._user_id)
        try:
            yield
        finally:
            self._counts.unsubscribe(self._user_id, self._channel)

    async def next(self, seconds: float) -> bytes | None:
        """Return the next event that was not sent yet; None when there is none within `seconds`."""
        if self._channel.latest is self._sent:
            await self._channel.wait(seconds)
        if self._channel.latest is self._sent:
            return None
        self._sent = self._channel.latest
        return self._sent


class UnreadCounts:
    """Polls the counts of all listening users once a second, and at once for a new listener."""

    def __init__(self, poll: Callable[[Sequence[int]], Mapping[int, int | None]]) -> None:
        self._poll = poll
        self._channels: dict[int, UserChannel] = {}
        self._new_listener = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.listeners = 0

    def subscribe(self, user_id: int) -> UserChannel:
        """Add a stream of a user and return the user's channel."""
        channel = self._channels.setdefault(user_id, UserChannel())
        channel.streams += 1
        self.listeners += 1
        if channel.latest is None:
            self._new_listener.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return channel

    def unsubscribe(self, user_id: int, channel: UserChannel) -> None:
        """Remove a stream of a user."""
        channel.streams -= 1
        self.listeners -= 1
        if not channel.streams and self._channels.get(user_id) is channel:
            del self._channels[user_id]

    def wake(self) -> None:
        """Let every stream check whether it has ended."""
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

    def _update(self, numbers: Mapping[int, int | None]) -> None:
        for user_id, number in numbers.items():
            channel = self._channels.get(user_id)
            if channel is not None:
                channel.update(number)
                if channel.is_stale:
                    # A new token begins with a new channel.
                    del self._channels[user_id]
