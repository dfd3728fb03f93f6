"""The response cache of views: entries are found, made by one caller, and served while they are current."""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar, cast

import msgspec
from flask import Flask, Response, current_app, request
from redis import Redis, RedisError

from falconbus.platform.caching.entries import CachedResponse, Entry, LocalEntries
from falconbus.platform.caching.groups import Group
from falconbus.platform.caching.local_memo import LocalMemo
from falconbus.platform.caching.plain_store import PlainStore
from falconbus.platform.caching.popularity import Popularity
from falconbus.platform.caching.versioned_store import VersionedStore
from falconbus.platform.caching.versions import Versions
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import RedisConnection
from falconbus.platform.telemetry import recording

T = TypeVar("T")
View = TypeVar("View", bound=Callable[..., Any])

#: A response that took longer is not cached: a change may have been committed meanwhile unnoticed (see versions.py).
LONGEST_MAKING_SECONDS = 3.0
#: In a request's environment, where no header reaches: refresh the response unless it stays fresh for so many seconds.
REFILL = "falconbus.refill"

_depends: ContextVar[set[str] | None] = ContextVar("depends", default=None)


class ResponseCache:
    """The cached responses of an app: first in this process, then in Redis."""

    def __init__(self, app: Flask, redis: Redis, url: str) -> None:
        self.redis = redis
        connection = RedisConnection(url, timeout=0.25)
        self.versions = Versions(connection)
        self.local = LocalEntries()
        self.memo = LocalMemo(self.versions)
        self.popularity = Popularity(redis)
        self.plain = PlainStore(app, self.versions, url)
        self.versioned = VersionedStore(connection)

    def serve(self, group: Group, key: str, make: Callable[[], Response]) -> Response:
        """Return the cached response while it is current, else the one that `make` returns."""
        began = time.perf_counter()
        entry = self._if_current(self.local.get(key))
        min_fresh = request.environ.get(REFILL, 0.0)
        if entry is not None and entry.seconds_fresh() > min_fresh:
            return _respond(entry, "HIT", began)
        store = self._store_of(group)
        try:
            is_maker, stored = store.acquire(key) if self.versions.is_up() else (False, None)
        except RedisError as fault:
            self.versions.pause(fault)
        if not self.versions.is_up():
            return _make_uncached(group, make, began)
        entry = self._from_store(key, stored) or entry
        if entry is not None and entry.seconds_fresh() > min_fresh:
            if is_maker:
                self._release(store, key)
            return _respond(entry, "HIT", began)
        if is_maker:
            return self._make(group, key, make, began)
        # A stale entry with current versions is still right; without one there is nothing but to wait.
        entry = entry or self.versioned.wait_for(key, lambda: self._find_current(key))
        if entry is None:
            return _make_uncached(group, make, began)
        return _respond(entry, "HIT" if entry.seconds_fresh() > 0 else "STALE", began)

    def _find_current(self, key: str) -> Entry | None:
        """Return a current entry, fresh or stale; None without one."""
        try:
            return self._if_current(self.local.get(key)) or self._from_store(key, self.versioned.find(key))
        except RedisError:
            return None

    def _from_store(self, key: str, entry: Entry | None) -> Entry | None:
        """Return an entry that Redis holds if it is current, and keep it in process."""
        current = self._if_current(entry)
        if current is not None:
            self.local.put(key, current)
        return current

    def _if_current(self, entry: Entry | None) -> Entry | None:
        holds = entry is not None and entry.is_servable() and self.versions.are_current(entry.versions)
        return entry if holds else None

    def _make(self, group: Group, key: str, make: Callable[[], Response], began: float) -> Response:
        recording.note_cache(group.name, "miss", began)
        store = self._store_of(group)
        tags: set[str] = {group.tag}
        token = _depends.set(tags)
        made_at = clock.now().timestamp()
        try:
            response = make()
        except BaseException:
            self._release(store, key)
            raise
        finally:
            _depends.reset(token)
        if response.status_code != 200 or time.perf_counter() - began > LONGEST_MAKING_SECONDS:
            self._release(store, key)
            return _with_outcome(response, "MISS")
        body = response.get_data()
        etag = hashlib.blake2b(body, digest_size=12).hexdigest()
        try:
            # Its versions are asked for after it was made, because only then is it known what it depends on;
            # are_settled() covers a change that was announced before we ask and committed after we read.
            entry = store.put(key, CachedResponse(group.name, body, etag, sorted(tags), made_at))
        except RedisError as fault:
            self.versions.pause(fault)
            return _with_outcome(response, "MISS")
        self.versions.learn(entry.versions)
        self.local.put(key, entry)
        return _as_response(entry, "MISS")

    def _store_of(self, group: Group) -> PlainStore | VersionedStore:
        return self.plain if group.is_plain else self.versioned

    def _release(self, store: PlainStore | VersionedStore, key: str) -> None:
        try:
            store.release(key)
        except RedisError as fault:
            self.versions.pause(fault)


def cached(group: Group, *, unless: Callable[[], bool] | None = None) -> Callable[[View], View]:
    """Cache the view's responses in `group`, by its checked arguments; not for requests where `unless` is true.

    While a response is made depends_on() says what it depends on; changed() is called where that changes.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if request.method != "GET" or (unless is not None and unless()):
                return view(*args, **kwargs)
            cache: ResponseCache = current_app.extensions["response_cache"]
            arguments = {name: _plain(value) for name, value in sorted(kwargs.items())}
            environ = request.environ
            # No host: addresses in answers begin with PUBLIC_URL.
            text = f"{request.endpoint} {environ['PATH_INFO']} ".encode() + msgspec.json.encode(arguments)
            key = f"{group}:{hashlib.blake2b(text, digest_size=16).hexdigest()}"
            if REFILL not in environ:
                cache.popularity.count(group, f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}")
            return cache.serve(group, key, lambda: view(*args, **kwargs))

        return cast(View, wrapper)

    return decorate


def depends_on(*tags: str) -> None:
    """Add tags to those of the response that is being made."""
    depends = _depends.get()
    if depends is not None:
        depends.update(tags)


def memoized(group: Group, key: str, tags: Sequence[str], read: Callable[[], T]) -> T:
    """Return what `read` returns, memoized in this process until one of the tags, or the group, changes.

    The response that is being made depends on the tags.
    """
    depends_on(*tags)
    cache: ResponseCache = current_app.extensions["response_cache"]
    return cache.memo.get(f"{group} {key}", (group.tag, *tags), read)


class _Announcement:
    """The tags that the present transaction changes; calling it announces them."""

    def __init__(self) -> None:
        self.tags: set[str] = set()

    def __call__(self) -> None:
        announce(self.tags)


def changed(*tags: str) -> None:
    """Announce, right before its commit, that the present transaction changes these tags."""
    transactions.before_commit(_Announcement).tags.update(tags)


def announce(tags: Iterable[str]) -> None:
    """Invalidate every cached response that depends on these tags."""
    cache: ResponseCache = current_app.extensions["response_cache"]
    cache.versions.announce(tags)


def _plain(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    return dump(mode="json") if dump else value


def _make_uncached(group: Group, make: Callable[[], Response], began: float) -> Response:
    """Return a response that is not cached: Redis is away, or another caller takes too long to make it."""
    recording.note_cache(group.name, "miss", began)
    return _with_outcome(make(), "MISS")


def _respond(entry: Entry, outcome: str, began: float) -> Response:
    recording.note_cache(entry.response.group, outcome.lower(), began)
    return _as_response(entry, outcome)


def _as_response(entry: Entry, outcome: str) -> Response:
    """Return the entry as a response; its body says in `from_cache` whether it came from the cache."""
    word = b"false" if outcome == "MISS" else b"true"
    response = Response(b'{"from_cache":' + word + b"," + entry.response.body[1:], content_type="application/json")
    response.set_etag(entry.response.etag, weak=True)
    response.headers["Cache-Control"] = entry.cache_control()
    response.entry = entry  # type: ignore[attr-defined]
    return _with_outcome(response, outcome)


def _with_outcome(response: Response, outcome: str) -> Response:
    response.headers["X-Cache"] = outcome
    return response
