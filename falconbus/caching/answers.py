"""Cached answers of views: found, made by one caller, served while they hold."""

import hashlib
import logging
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar, cast

import msgspec
from cachelib.serializers import BaseSerializer
from flask import Flask, Response, current_app, request
from flask_caching import Cache
from redis import Redis, RedisError

from falconbus import transactions
from falconbus.caching.entries import Entry, Memory
from falconbus.caching.flights import Flights
from falconbus.caching.groups import POLICIES, Group, tag_of
from falconbus.caching.popularity import Popularity
from falconbus.caching.versions import SETTLED_AFTER, Versions, are_settled
from falconbus.kit import clock
from falconbus.telemetry import recording

log = logging.getLogger(__name__)
View = TypeVar("View", bound=Callable[..., Any])

#: An answer that took longer is not kept: a change may have been committed meanwhile unnoticed (see versions.py).
LONGEST_MAKING = 3.0
PREFIX = "cache:answer:"
#: In a request's environment, where no header reaches: make the answer anew unless it stays fresh for so many seconds.
REFILL = "falconbus.refill"

_depends: ContextVar[set[str] | None] = ContextVar("depends", default=None)


class _Encoding(BaseSerializer):
    """Entries in MessagePack: what a shared Redis holds is never executed, as a pickle would be."""

    def dumps(self, value: Any, protocol: int = 0) -> bytes:  # noqa: ARG002  pickle's word, in the base class
        return msgspec.msgpack.encode(value)

    def loads(self, bvalue: bytes | None) -> Entry | None:
        if bvalue is None:
            return None
        try:
            return msgspec.msgpack.decode(bvalue, type=Entry)
        except msgspec.MsgspecError:
            return None


class Answers:
    """The cached answers of an app: in this process's memory first, then in Redis."""

    def __init__(self, app: Flask, redis: Redis, url: str) -> None:
        self.redis = redis
        self.versions = Versions(redis)
        self.memory = Memory()
        self.popularity = Popularity(redis)
        self._flights = Flights(redis)
        self._cache = Cache(
            app,
            config={
                "CACHE_TYPE": "RedisCache",
                "CACHE_REDIS_URL": url,
                "CACHE_KEY_PREFIX": PREFIX,
                "CACHE_SERIALIZER": _Encoding(),
                "CACHE_OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25},
            },
        )

    def serve(self, group: Group, key: str, make: Callable[[], Response]) -> Response:
        """The kept answer where it holds, else the one that `make` gives."""
        began = time.perf_counter()
        if not self.versions.is_up():
            return _bearing(make(), "MISS", began, group)
        entry = self._find(key)
        if entry is not None and entry.fresh - entry.age() > request.environ.get(REFILL, 0.0):
            return _respond(entry, "HIT", began)
        if not self._flights.take_off(key):
            # An answer whose versions hold is right, only old; without one there is nothing but to wait.
            entry = entry or self._flights.wait_for(key, lambda: self._find(key))
            if entry is not None:
                return _respond(entry, "HIT" if entry.is_fresh() else "STALE", began)
            return _bearing(make(), "MISS", began, group)
        try:
            # Somebody may have landed between our look and our take-off.
            if entry is None and (entry := self._find(key)) is not None and entry.is_fresh():
                return _respond(entry, "HIT", began)
            return self._make(group, key, make, began)
        finally:
            self._flights.land(key)

    def _find(self, key: str) -> Entry | None:
        """An entry that still holds, fresh or stale."""
        entry = self.memory.get(key)
        if entry is None or not self._holds(entry):
            try:
                entry = self._cache.get(key)
            except RedisError:
                return None
            if entry is None or not self._holds(entry):
                return None
            self.memory.put(key, entry)
        return entry

    def _holds(self, entry: Entry) -> bool:
        return entry.is_of_use() and self.versions.are_current(entry.versions)

    def _make(self, group: Group, key: str, make: Callable[[], Response], began: float) -> Response:
        depends: set[str] = {tag_of(group)}
        token = _depends.set(depends)
        made_at = clock.now().timestamp()
        try:
            response = make()
        finally:
            _depends.reset(token)
        if response.status_code == 200 and time.perf_counter() - began < LONGEST_MAKING:
            entry = self._entry(group, response.get_data(), depends, made_at)
            if entry is not None:
                self._keep(key, entry)
                return _respond(entry, "MISS", began)
        return _bearing(response, "MISS", began, group)

    def _entry(self, group: Group, body: bytes, depends: set[str], made_at: float) -> Entry | None:
        # Asked after the answer was made, because only then is it known what it depends on: are_settled() makes up
        # for a change that was announced before we asked and committed after we read.
        versions = self.versions.of(depends)
        if versions is None:
            return None
        policy, settled = POLICIES[group], are_settled(versions)
        return Entry(
            group=group,
            body=body,
            etag=hashlib.blake2b(body, digest_size=12).hexdigest(),
            versions=versions,
            made_at=made_at,
            fresh=policy.fresh if settled else SETTLED_AFTER,
            stale=policy.stale if settled else 0.0,
        )

    def _keep(self, key: str, entry: Entry) -> None:
        self.memory.put(key, entry)
        try:
            self._cache.set(key, entry, timeout=int(entry.fresh + entry.stale) + 1)
        except RedisError as fault:
            log.debug("an answer is not kept: %s", type(fault).__name__)


def cached(group: Group, *, unless: Callable[[], bool] | None = None) -> Callable[[View], View]:
    """Keep the view's answers in `group`, by its checked arguments; `unless`: this caller's are their own.

    What an answer tells of is said by depends_on() while it is made, and by changed() where it changes.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if request.method != "GET" or (unless is not None and unless()):
                return view(*args, **kwargs)
            answers: Answers = current_app.extensions["answers"]
            arguments = {name: _plain(value) for name, value in sorted(kwargs.items())}
            text = f"{request.endpoint} {request.host_url} {msgspec.json.encode(arguments).decode()}"
            key = f"{group}:{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"
            if REFILL not in request.environ:
                answers.popularity.note(group, request.url)
            return answers.serve(group, key, lambda: view(*args, **kwargs))

        wrapper.cache_group = group  # type: ignore[attr-defined]
        return cast(View, wrapper)

    return decorate


def depends_on(*tags: str) -> None:
    """The answer that is being made tells of these."""
    depends = _depends.get()
    if depends is not None:
        depends.update(tags)


class _Announcement:
    """What the present transaction changes."""

    def __init__(self) -> None:
        self.tags: set[str] = set()

    def __call__(self) -> None:
        announce(self.tags)


def changed(*tags: str) -> None:
    """The present transaction changes what these stand for: announced right before its commit."""
    transactions.before_commit(_Announcement).tags.update(tags)


def announce(tags: Iterable[str]) -> None:
    """Answers that tell of these hold no longer."""
    answers: Answers = current_app.extensions["answers"]
    answers.versions.announce(tags)


def _plain(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    return dump(mode="json") if dump else value


def _respond(entry: Entry, outcome: str, began: float) -> Response:
    """The entry as an answer; a list says in its body, too, whether it was kept."""
    word = b"false" if outcome == "MISS" else b"true"
    response = Response(b'{"from_cache":' + word + b"," + entry.body[1:], content_type="application/json")
    response.set_etag(entry.etag, weak=True)
    response.headers["Cache-Control"] = entry.cache_control()
    response.entry = entry  # type: ignore[attr-defined]
    return _bearing(response, outcome, began, entry.group)


def _bearing(response: Response, outcome: str, began: float, group: Group) -> Response:
    response.headers["X-Cache"] = outcome
    recording.note_cache(group, outcome.lower(), began)
    return response
