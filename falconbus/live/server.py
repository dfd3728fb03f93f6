"""The live process: `/events?ticket=` and `/health`. It knows no cookie, no database and none of the app's features."""

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

#: Seconds that Redis is given; nobody waits for it but the feed.
_REDIS_TIMEOUT = 1.0
MAX_LISTENERS = 1000
#: Milliseconds after which the kernel gives up a listener who takes nothing (RFC 5482).
_USER_TIMEOUT = 30_000


class Live:
    """The app, with what it shares among listeners."""

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
        """The event stream that a ticket allows; 401 without one that holds, 403 for pages of other sites."""
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
        """Whether this process answers, and to how many."""
        del request
        return JSONResponse({"status": "healthy", "listeners": self._listeners})

    def end(self) -> None:
        """Let every stream end: its listener comes back for another one."""
        self._shutdown.has_begun = True
        self._feed.wake()
        self._counts.wake()

    @property
    def _listeners(self) -> int:
        return self._feed.listeners + self._counts.listeners

    def _find_source(self, token: StreamToken) -> EventSource | None:
        """What the ticket lets its bearer hear; numbers about a person are told to that person only."""
        if stream_tokens.PERFORMANCE in token.topics:
            return self._feed
        return Subscription(self._counts, token.user_id) if stream_tokens.NOTIFICATIONS in token.topics else None


class _Server(uvicorn.Server):
    """uvicorn waits for open answers to end, and streams do not by themselves."""

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
    """Serve until told to end; OSError when the port is taken."""
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT)
    # uvicorn, once it has ended, sends itself the signal again: to have been asked to end is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: sys.exit(0))
    live = Live(settings)
    config = uvicorn.Config(
        live.app,
        # A ticket in a log would be a ticket for whoever reads it.
        access_log=False,
        log_level="warning",
        lifespan="off",
        limit_concurrency=MAX_LISTENERS + 100,
        timeout_graceful_shutdown=5,
        server_header=False,
    )
    _Server(config, live).run([listener])
