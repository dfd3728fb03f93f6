"""The fast path for cached responses: answers before Flask makes a request context; limits, metrics and logs apply."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from falconbus.platform.caching.entries import Entry
from falconbus.platform.caching.response_cache import REFILL, ResponseCache
from falconbus.platform.telemetry.trace import Trace
from falconbus.platform.web import limits

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_MAX_RESPONSES = 500
_MAX_BYTES = 4_000_000
#: Headers made anew for each response.
_PER_RESPONSE_HEADERS = frozenset(
    {"x-request-id", "server-timing", "cache-control", "date", "ratelimit", "ratelimit-policy"}
)
#: What in a request's environment excludes it from the fast path.
_DISQUALIFYING = (
    "HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_X_API_KEY", "HTTP_ORIGIN", "HTTP_RANGE", "HTTP_IF_MODIFIED_SINCE", REFILL
)  # fmt: skip

_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class _KeptResponse:
    """A response as it was sent, compressed for one kind of client."""

    entry: Entry
    endpoint: str
    rule: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class FastResponse:
    """A response of the fast path."""

    status: int
    rule: str
    headers: list[tuple[str, str]]
    body: bytes

    def send(self, start_response: "StartResponse", extra: list[tuple[str, str]]) -> Iterable[bytes]:
        """Answer over WSGI."""
        start_response("200 OK" if self.status == 200 else "304 NOT MODIFIED", [*self.headers, *extra])
        return [self.body]


class FastPath:
    """The responses of this process that can be sent as they are; an LRU cache, thread-safe."""

    def __init__(self, app: Flask, cache: ResponseCache) -> None:
        self._app, self._cache = app, cache
        self._kept: OrderedDict[_Key, _KeptResponse] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def find(self, environ: "WSGIEnvironment", trace: Trace) -> FastResponse | None:
        """Return the kept response to a request; None without a current one, or if the request may not have it.

        It may not when it bears credentials or an Origin or Range header, or when its client is over the limit.
        """
        if environ["REQUEST_METHOD"] != "GET":
            return None
        key = _key(environ)
        kept = self._kept.get(key)
        if kept is None or any(name in environ for name in _DISQUALIFYING):
            return None
        if not (kept.entry.seconds_fresh() > 0 and self._cache.versions.are_current(kept.entry.versions)):
            self._forget(key)
            return None
        counted = limits.permit(self._app, kept.endpoint, environ.get("REMOTE_ADDR", ""))
        if counted is None:
            return None
        trace.note_cache(kept.entry.response.group, "hit", trace.began)
        own = [*counted, ("Cache-Control", kept.entry.cache_control())]
        if kept.entry.response.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
            headers = [(name, value) for name, value in kept.headers if not name.startswith("Content-")]
            return FastResponse(304, kept.rule, [*headers, *own], b"")
        return FastResponse(200, kept.rule, [*kept.headers, *own], kept.body)

    def keep(self, response: Response) -> None:
        """Keep a cache hit that went through Flask, for the fast path of the next such request."""
        entry: Entry | None = getattr(response, "entry", None)
        if entry is None or response.status_code != 200 or response.headers.get("X-Cache") != "HIT":
            return
        if any(name in request.environ for name in _DISQUALIFYING) or request.url_rule is None:
            return
        headers = [(name, value) for name, value in response.headers if name.lower() not in _PER_RESPONSE_HEADERS]
        kept = _KeptResponse(entry, request.endpoint or "", request.url_rule.rule, headers, response.get_data())
        key = _key(request.environ)
        with self._lock:
            self._drop(key)
            self._kept[key] = kept
            self._bytes += len(kept.body)
            while len(self._kept) > _MAX_RESPONSES or self._bytes > _MAX_BYTES:
                self._drop(next(iter(self._kept)))

    def _forget(self, key: _Key) -> None:
        with self._lock:
            self._drop(key)

    def _drop(self, key: _Key) -> None:
        old = self._kept.pop(key, None)
        if old is not None:
            self._bytes -= len(old.body)


def _key(environ: "WSGIEnvironment") -> _Key:
    return (
        environ["PATH_INFO"],
        environ.get("QUERY_STRING", ""),
        # An unknown one was refused, so that nothing is kept for it.
        environ.get("HTTP_HOST", ""),
        environ.get("HTTP_ACCEPT_ENCODING", ""),
    )
