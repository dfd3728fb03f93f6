"""Kept answers are given at the door: before Flask makes a request context, but not before limits, metrics and logs."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from falconbus.platform.caching.entries import Entry
from falconbus.platform.caching.response_cache import REFILL, Answers
from falconbus.platform.telemetry.trace import Trace
from falconbus.platform.web import limits

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_MOST = 500
_MOST_BYTES = 4_000_000
#: What is of one answer only.
_PASSING = frozenset({"x-request-id", "server-timing", "cache-control", "date"})
#: What a request bears that makes it more than one for a kept answer.
_PERSONAL = ("HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_ORIGIN", "HTTP_RANGE", "HTTP_IF_MODIFIED_SINCE", REFILL)

_Key = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer as it went out, compressed for one kind of client."""

    entry: Entry
    endpoint: str
    rule: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Given:
    """What was answered at the door."""

    status: int
    rule: str
    headers: list[tuple[str, str]]
    body: bytes

    def hand_out(self, start_response: "StartResponse", extra: list[tuple[str, str]]) -> Iterable[bytes]:
        """Answer over WSGI."""
        start_response("200 OK" if self.status == 200 else "304 NOT MODIFIED", [*self.headers, *extra])
        return [self.body]


class FrontDoor:
    """The answers of this process that need nothing but to be handed out; safe for threads."""

    def __init__(self, app: Flask, answers: Answers) -> None:
        self._app, self._answers = app, answers
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def find(self, environ: "WSGIEnvironment", one: Trace) -> Given | None:
        """The answer to a request, if one is kept that still holds, and its sender may have it."""
        if environ["REQUEST_METHOD"] != "GET":
            return None
        key = _key(environ)
        kept = self._kept.get(key)
        if kept is None or any(name in environ for name in _PERSONAL):
            return None
        if not (kept.entry.left() > 0 and self._answers.versions.are_current(kept.entry.versions)):
            self._forget(key)
            return None
        if not limits.permits(self._app, kept.endpoint, environ.get("REMOTE_ADDR", "")):
            return None
        one.note_cache(kept.entry.answer.group, "hit", one.began)
        fresh = ("Cache-Control", kept.entry.cache_control())
        if kept.entry.answer.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
            headers = [(name, value) for name, value in kept.headers if not name.startswith("Content-")]
            return Given(304, kept.rule, [*headers, fresh], b"")
        return Given(200, kept.rule, [*kept.headers, fresh], kept.body)

    def keep(self, response: Response) -> None:
        """Keep a hit that went through Flask; the next one like it does not."""
        entry: Entry | None = getattr(response, "entry", None)
        if entry is None or response.status_code != 200 or response.headers.get("X-Cache") != "HIT":
            return
        if any(name in request.environ for name in _PERSONAL) or request.url_rule is None:
            return
        headers = [(name, value) for name, value in response.headers if name.lower() not in _PASSING]
        kept = _Kept(entry, request.endpoint or "", request.url_rule.rule, headers, response.get_data())
        key = _key(request.environ)
        with self._lock:
            self._drop(key)
            self._kept[key] = kept
            self._bytes += len(kept.body)
            while len(self._kept) > _MOST or self._bytes > _MOST_BYTES:
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
        environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"],
        environ.get("QUERY_STRING", ""),
        environ.get("HTTP_HOST", ""),
        environ["wsgi.url_scheme"],
        environ.get("HTTP_ACCEPT_ENCODING", ""),
    )
