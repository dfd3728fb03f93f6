"""The live process: `/events?ticket=` and `/health`. It uses no cookies, no database and no feature's services."""

import asyncio
import signal
import socket
import sys
from functools import partial
from types import FrameType
from urllib.parse import urlsplit

import uvicorn
from redis import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from config import Settings
from falconbus.live import stream_tokens
from falconbus.live.feed import Feed
from falconbus.live.polling import NumbersPoller
from falconbus.live.stream import EventSource, EventStream, Shutdown
from falconbus.live.stream_tokens import StreamToken
from falconbus.live.unread_counts import Subscription, UnreadCounts
from falconbus.scheduling.notifications import counters

#: Seconds; only the polling tasks wait for Redis.
_REDIS_TIMEOUT = 1.0
MAX_LISTENERS = 1000
#: Milliseconds after which the kernel closes the connection of a listener who reads nothing (RFC 5482).
_USER_TIMEOUT = 30_000


class Live:
    """The ASGI app and what its listeners share."""

    def __init__(self, settings: Settings) -> None:
        redis = Redis.from_url(
            settings.cache_redis_url, socket_timeout=_REDIS_TIMEOUT, socket_connect_timeout=_REDIS_TIMEOUT
        )
        self._secret_key = settings.secret_key
        public = urlsplit(settings.public_url)
        self._origin = f"{public.scheme}://{public.netloc}"
        self._feed = Feed(stream_tokens.PERFORMANCE, NumbersPoller(redis).numbers)
        self._counts = UnreadCounts(partial(counters.read, redis))
        self._shutdown = Shutdown()
        self.app = Starlette(routes=[Route("/events", self.listen), Route("/health", self.show_health)])

    async def listen(self, request: Request) -> Response:
        """Open the event stream that a token allows.

        Answers 401 without a valid token, 403 to pages of other sites or for another topic, 503 over MAX_LISTENERS.
        """
        headers = {
            "Access-Control-Allow-Origin": self._origin,
            "Vary": "Origin",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
            "X-Content-Type-Options": "nosniff",
        }
        if request.headers.get("Origin", self._origin) != self._origin:
            return Response("only our own pages may listen\n", 403)
        token = stream_tokens.read_token(self._secret_key, request.query_params.get("ticket", ""))
        if token is None:
            return Response("the ticket is not valid, or no longer\n", 401, headers)
        source = self._find_source(token)
        if source is None:
            return Response("the ticket is for something else\n", 403, headers)
        if self._listeners >= MAX_LISTENERS:
            return Response("too many listen already\n", 503, headers)
        return EventStream(source, self._shutdown, headers)

    async def show_health(self, request: Request) -> Response:
        """Answer that the process is up, with the number of listeners."""
        del request
        return JSONResponse({"status": "healthy", "listeners": self._listeners})

    def end(self) -> None:
        """End all streams: the browser reconnects with a new token."""
        self._shutdown.has_begun = True
        self._feed.wake()
        self._counts.wake()

    @property
    def _listeners(self) -> int:
        return self._feed.listeners + self._counts.listeners

    def _find_source(self, token: StreamToken) -> EventSource | None:
        """Return the source of events that a token allows; counts only of the user it was issued to."""
        if stream_tokens.PERFORMANCE in token.topics:
            return self._feed
        return Subscription(self._counts, token.user_id) if stream_tokens.NOTIFICATIONS in token.topics else None


class _Server(uvicorn.Server):
    """Ends the streams at a signal: uvicorn waits for open responses, which streams would never end by themselves."""

    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self._live = live
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._live.end)
        super().handle_exit(sig, frame)


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until a signal ends the process; OSError when the port is taken."""
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT)
    # uvicorn sends itself the signal again once it has ended: being asked to end is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: sys.exit(0))
    live = Live(settings)
    config = uvicorn.Config(
        live.app,
        # A token in a log could be used by whoever reads it.
        access_log=False,
        log_level="warning",
        lifespan="off",
        limit_concurrency=MAX_LISTENERS + 100,
        timeout_graceful_shutdown=5,
        server_header=False,
    )
    _Server(config, live).run([listener])
