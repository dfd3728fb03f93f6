"""An event stream as an ASGI answer."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from falconbus.live.feed import event

#: Seconds after which a stream ends, so that who has lost a permission is asked for a ticket again.
MAX_STREAM_SECONDS = 600.0
#: Seconds between signs of life, for proxies that close what is silent.
HEARTBEAT_SECONDS = 15.0
#: Seconds that a listener has to take an event; who does not is let go.
SEND_TIMEOUT = 10.0

_ALIVE = b": alive\n\n"
_RENEW = event("renew", {})


class EventSource(Protocol):
    """What a stream tells of."""

    @property
    def latest(self) -> bytes | None:
        """What a listener hears first, if there is something already."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come to this listener, who may ask for another ticket."""

    def listening(self) -> AbstractContextManager[None]:
        """Be counted."""

    async def next(self, seconds: float) -> bytes | None:
        """The next event; None when none came in so many seconds."""


class Shutdown:
    """Whether the process is about to end."""

    def __init__(self) -> None:
        self.has_begun = False


class EventStream(Response):
    """What a feed tells, until the listener leaves, is too slow, or has heard for MAX_STREAM_SECONDS seconds."""

    def __init__(self, source: EventSource, shutdown: Shutdown, headers: Mapping[str, str]) -> None:
        super().__init__(headers=dict(headers), media_type="text/event-stream")
        # The length of what never ends is not known.
        del self.headers["content-length"]
        self._source = source
        self._shutdown = shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell and listen for the listener's leaving at once; whichever ends first ends the other."""
        del scope
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        tasks = [asyncio.create_task(self._send_events(send)), asyncio.create_task(_wait_for_disconnect(receive))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    @property
    def _has_ended(self) -> bool:
        return self._shutdown.has_begun or self._source.has_ended

    async def _send_events(self, send: Send) -> None:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + MAX_STREAM_SECONDS
        with self._source.listening():
            event_text = self._source.latest
            try:
                while (left := ends_at - loop.time()) > 0 and not self._has_ended:
                    if event_text is not None:
                        await asyncio.wait_for(send(_body(event_text)), SEND_TIMEOUT)
                    event_text = await self._source.next(min(left, HEARTBEAT_SECONDS)) or _ALIVE
                await asyncio.wait_for(send(_body(_RENEW, is_last=True)), SEND_TIMEOUT)
            except TimeoutError:
                return


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


def _body(content: bytes, *, is_last: bool = False) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": not is_last}
