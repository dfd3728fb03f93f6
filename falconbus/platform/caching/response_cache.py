"""Cached answers of views: found, made by one caller, served while they hold."""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar, cast

import msgspec
from flask import Flask, Response, current_app, request
from redis import Redis, RedisError

from falconbus.platform.caching.entries import Answer, Entry, Memory
from falconbus.platform.caching.groups import Group
from falconbus.platform.caching.local_memo import Facts
from falconbus.platform.caching.popularity import Popularity
from falconbus.platform.caching.redis_store import Shelf
from falconbus.platform.caching.versions import Versions
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.platform.kit.redis_connection import RedisLine
from falconbus.platform.telemetry import recording

T = TypeVar("T")
View = TypeVar("View", bound=Callable[..., Any])

#: An answer that took longer is not kept: a change may have been committed meanwhile unnoticed (see versions.py).
LONGEST_MAKING = 3.0
#: In a request's environment, where no header reaches: make the answer anew unless it stays fresh for so many seconds.
REFILL = "falconbus.refill"

_depends: ContextVar[set[str] | None] = ContextVar("depends", default=None)


class Answers:
    """The cached answers of an app: in this process's memory first, then in Redis."""

    def __init__(self, app: Flask, redis: Redis, url: str) -> None:
        self.redis = redis
        line = RedisLine(url, patience=0.25)
        self.versions = Versions(line)
        self.memory = Memory()
        self.facts = Facts(self.versions)
        self.popularity = Popularity(redis)
        self.shelf = Shelf(app, line, url)

    def serve(self, group: Group, key: str, make: Callable[[], Response]) -> Response:
        """The kept answer where it holds, else the one that `make` gives."""
        began = time.perf_counter()
        entry = self._held(self.memory.get(key))
        wanted = request.environ.get(REFILL, 0.0)
        if entry is not None and entry.left() > wanted:
            return _respond(entry, "HIT", began)
        try:
            leads, kept = self.shelf.take(key) if self.versions.is_up() else (False, None)
        except RedisError as fault:
            self.versions.fail(fault)
        if not self.versions.is_up():
            return _made_anew(group, make, began)
        entry = self._remembered(key, kept) or entry
        if entry is not None and entry.left() > wanted:
            if leads:
                self._leave(key)
            return _respond(entry, "HIT", began)
        if leads:
            return self._make(group, key, make, began)
        # An answer whose versions hold is right, only old; without one there is nothing but to wait.
        entry = entry or self.shelf.wait_for(key, lambda: self._find(key))
        if entry is None:
            return _made_anew(group, make, began)
        return _respond(entry, "HIT" if entry.left() > 0 else "STALE", began)

    def _find(self, key: str) -> Entry | None:
        """An entry that still holds, fresh or stale."""
        try:
            return self._held(self.memory.get(key)) or self._remembered(key, self.shelf.find(key))
        except RedisError:
            return None

    def _remembered(self, key: str, entry: Entry | None) -> Entry | None:
        """What Redis has kept, if it holds: the next time it is found here."""
        held = self._held(entry)
        if held is not None:
            self.memory.put(key, held)
        return held

    def _held(self, entry: Entry | None) -> Entry | None:
        holds = entry is not None and entry.is_of_use() and self.versions.are_current(entry.versions)
        return entry if holds else None

    def _make(self, group: Group, key: str, make: Callable[[], Response], began: float) -> Response:
        recording.note_cache(group.name, "miss", began)
        tags: set[str] = {group.tag}
        token = _depends.set(tags)
        made_at = clock.now().timestamp()
        try:
            response = make()
        except BaseException:
            self._leave(key)
            raise
        finally:
            _depends.reset(token)
        if response.status_code != 200 or time.perf_counter() - began > LONGEST_MAKING:
            self._leave(key)
            return _bearing(response, "MISS")
        body = response.get_data()
        etag = hashlib.blake2b(body, digest_size=12).hexdigest()
        try:
            # Its versions are asked for after it was made, because only then is it known what it depends on;
            # are_settled() makes up for a change that was announced before we ask and committed after we read.
            entry = self.shelf.put(key, Answer(group.name, body, etag, sorted(tags), made_at))
        except RedisError as fault:
            self.versions.fail(fault)
            return _bearing(response, "MISS")
        self.versions.learn(entry.versions)
        self.memory.put(key, entry)
        return _as_response(entry, "MISS")

    def _leave(self, key: str) -> None:
        try:
            self.shelf.leave(key)
        except RedisError as fault:
            self.versions.fail(fault)


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
            environ = request.environ
            # What `next` and `previous` of a list begin with.
            host = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}{environ.get('SCRIPT_NAME', '')}"
            text = f"{request.endpoint} {host} {environ['PATH_INFO']} ".encode() + msgspec.json.encode(arguments)
            key = f"{group}:{hashlib.blake2b(text, digest_size=16).hexdigest()}"
            if REFILL not in environ:
                answers.popularity.note(group, f"{host}{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}")
            return answers.serve(group, key, lambda: view(*args, **kwargs))

        wrapper.cache_group = group  # type: ignore[attr-defined]
        return cast(View, wrapper)

    return decorate


def depends_on(*tags: str) -> None:
    """The answer that is being made tells of these."""
    depends = _depends.get()
    if depends is not None:
        depends.update(tags)


def fact(group: Group, key: str, tags: Sequence[str], read: Callable[[], T]) -> T:
    """What `read` gives, known in this process as long as what the tags stand for, and the group, does not change.

    The answer that is being made depends on the tags.
    """
    depends_on(*tags)
    answers: Answers = current_app.extensions["answers"]
    return answers.facts.get(f"{group} {key}", (group.tag, *tags), read)


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


def _made_anew(group: Group, make: Callable[[], Response], began: float) -> Response:
    """An answer that is not kept: Redis is away, or somebody else takes too long to make it."""
    recording.note_cache(group.name, "miss", began)
    return _bearing(make(), "MISS")


def _respond(entry: Entry, outcome: str, began: float) -> Response:
    recording.note_cache(entry.answer.group, outcome.lower(), began)
    return _as_response(entry, outcome)


def _as_response(entry: Entry, outcome: str) -> Response:
    """The entry as an answer; a list says in its body, too, whether it was kept."""
    word = b"false" if outcome == "MISS" else b"true"
    response = Response(b'{"from_cache":' + word + b"," + entry.answer.body[1:], content_type="application/json")
    response.set_etag(entry.answer.etag, weak=True)
    response.headers["Cache-Control"] = entry.cache_control()
    response.entry = entry  # type: ignore[attr-defined]
    return _bearing(response, outcome)


def _bearing(response: Response, outcome: str) -> Response:
    response.headers["X-Cache"] = outcome
    return response
