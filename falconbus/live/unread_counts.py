"""The unread notifications of each listener: one question to Redis a second for all of them, told when they change."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from redis.exceptions import RedisError

from falconbus.live.feed import event
from falconbus.live.watching import LOOK_EVERY

_AWAY = event("away", {})


class Person:
    """What all streams of one listener are told: the number, or that it cannot be known."""

    def __init__(self) -> None:
        self.streams = 0
        self.number: int | None = None
        self.newest: bytes | None = None
        self.is_lost = False
        self._changed = asyncio.Event()

    def hear(self, number: int | None) -> None:
        """Take in what Redis has.

        A number that is gone, and every one after Redis was away, may have missed a change: it is lost, and whoever
        listens is asked for another ticket, which has it counted anew.
        """
        self.is_lost = self.newest is _AWAY or (number is None and self.number is not None)
        if self.is_lost:
            self.wake()
        elif number != self.number:
            self.number = number
            self.tell(event("notifications", {"unread": number}))

    def tell(self, newest: bytes) -> None:
        self.newest = newest
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


class Hearing:
    """One stream of a listener, who hears the newest number, whatever came between."""

    newest: bytes | None = None

    def __init__(self, counts: "Counts", user_id: int) -> None:
        self._counts = counts
        self._user_id = user_id
        self._person = Person()
        self._told: bytes | None = None

    @property
    def has_ended(self) -> bool:
        return self._person.is_lost

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Be counted, so that there is something to hear."""
        self._person = self._counts.join(self._user_id)
        try:
            yield
        finally:
            self._counts.leave(self._user_id, self._person)

    async def next(self, seconds: float) -> bytes | None:
        """What has not been told yet; None when nothing came in so many seconds."""
        if self._person.newest is self._told:
            await self._person.wait(seconds)
        if self._person.newest is self._told:
            return None
        self._told = self._person.newest
        return self._told


class Counts:
    """Looks once a second while somebody listens, and at once when somebody comes."""

    def __init__(self, look: Callable[[Sequence[int]], Mapping[int, int | None]]) -> None:
        self._look = look
        self._people: dict[int, Person] = {}
        self._somebody_came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.listeners = 0

    def join(self, user_id: int) -> Person:
        """One more stream of somebody's."""
        person = self._people.setdefault(user_id, Person())
        person.streams += 1
        self.listeners += 1
        if person.newest is None:
            self._somebody_came.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return person

    def leave(self, user_id: int, person: Person) -> None:
        """One stream fewer."""
        person.streams -= 1
        self.listeners -= 1
        if not person.streams and self._people.get(user_id) is person:
            del self._people[user_id]

    def wake(self) -> None:
        """Let every stream look whether there is still something to wait for."""
        for person in self._people.values():
            person.wake()

    async def _run(self) -> None:
        while self._people:
            self._somebody_came.clear()
            try:
                self._hear(await asyncio.to_thread(self._look, list(self._people)))
            except RedisError:
                for person in self._people.values():
                    if person.newest is not _AWAY:
                        person.tell(_AWAY)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._somebody_came.wait()
        self._task = None

    def _hear(self, found: Mapping[int, int | None]) -> None:
        for user_id, number in found.items():
            person = self._people.get(user_id)
            if person is not None:
                person.hear(number)
                if person.is_lost:
                    # Who comes with another ticket begins anew.
                    del self._people[user_id]
