"""Looking after the caches: what is in them, clearing, warming."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import current_app
from redis import RedisError

from falconbus.platform.caching import groups
from falconbus.platform.caching.groups import Group
from falconbus.platform.caching.redis_store import PREFIX
from falconbus.platform.caching.response_cache import REFILL, Answers
from falconbus.platform.jobs import Job, Queue

WARM_CACHES = Job("caching.warm", Queue.DEFAULT)

#: How many answers of a group are kept warm, and made anew when they stay fresh for no longer than so many seconds.
WARM = 50
RUNNING_OUT = 17.0
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Content:
    """What Redis holds of a group; None when it is away."""

    group: str
    keys: int | None
    bytes: int | None


def contents() -> list[Content]:
    """Keys and bytes of each group."""
    answers = _answers()
    try:
        return [_content(answers, group) for group in groups.registered()]
    except RedisError:
        return [Content(group.name, None, None) for group in groups.registered()]


def clear(chosen: Iterable[Group]) -> None:
    """No kept answer of these groups holds any longer."""
    _answers().versions.announce([group.tag for group in chosen])


def warm() -> int:
    """Make anew what is asked for often and will soon run out; returns how many were asked after."""
    answers, client = _answers(), current_app.test_client()
    asked = 0
    for group in groups.registered():
        for address in answers.popularity.favourites(group, WARM):
            parts = urlsplit(address)
            client.get(
                f"{parts.path}?{parts.query}",
                base_url=f"{parts.scheme}://{parts.netloc}",
                environ_overrides={REFILL: RUNNING_OUT},
            )
            asked += 1
    return asked


def keep_warm() -> None:
    """What beat does every few seconds; Redis away, there is nothing to keep warm."""
    try:
        warm()
        _answers().popularity.fade()
    except RedisError:
        return


def trim() -> None:
    """Forget versions that no answer has any more."""
    answers = _answers()
    answers.versions.trim(answers.redis)


def _content(answers: Answers, group: Group) -> Content:
    keys, size = 0, 0
    cursor = 0
    while True:
        cursor, found = answers.redis.scan(cursor, match=f"{PREFIX}{group}:*", count=_BATCH)
        if found:
            with answers.redis.pipeline(transaction=False) as pipeline:
                for key in found:
                    pipeline.strlen(key)
                size += sum(pipeline.execute())
            keys += len(found)
        if not cursor:
            return Content(group.name, keys, size)


def _answers() -> Answers:
    answers: Answers = current_app.extensions["answers"]
    return answers
