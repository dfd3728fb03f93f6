"""Server-sent events as an ASGI response."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from falconbus.live.feed import event

#: Seconds after which a stream ends, so that the caller's permission is checked again for the next token.
MAX_STREAM_SECONDS = 600.0
#: Seconds between comments that keep proxies from closing an idle connection.
HEARTBEAT_SECONDS = 15.0
#: Seconds that a listener has to take an event, before it is disconnected.
SEND_TIMEOUT = 10.0

_ALIVE = b": alive\n\n"
_RENEW = event("renew", {})


class EventSource(Protocol):
    """The source of a stream's events, such as a feed."""

    @property
    def latest(self) -> bytes | None:
        """Return the event to send first, if there is one already."""

    @property
    def has_ended(self) -> bool:
        """Tell whether no more events will come, so that the browser must get another token."""

    def listening(self) -> AbstractContextManager[None]:
        """Keep the source active while the stream reads from it."""

    async def next(self, seconds: float) -> bytes | None:
        """Return the next event; None when there is none within `seconds`."""


class Shutdown:
    """A flag shared by all streams: the process is about to end."""

    def __init__(self) -> None:
        self.has_begun = False


class EventStream(Response):
    """Sends a source's events until the client leaves, is too slow, or MAX_STREAM_SECONDS have passed."""

    def __init__(self, source: EventSource, shutdown: Shutdown, headers: Mapping[str, str]) -> None:
        super().__init__(headers=dict(headers), media_type="text/event-stream")
        # A stream has no known length.
        del self.headers["content-length"]
        self._source = source
        self._shutdown = shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events and watch for the disconnect concurrently; the first to finish cancels the other."""
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
