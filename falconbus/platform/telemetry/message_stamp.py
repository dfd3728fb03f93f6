"""Stamps each message to the workers with its time of publishing, so that its wait in the queue can be measured."""

from typing import Any

from celery.signals import before_task_publish

from falconbus.platform.kit import clock

#: A header of the message: epoch seconds.
PUBLISHED_AT = "published_at"


def _stamp(headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is not None:
        headers[PUBLISHED_AT] = clock.now().timestamp()


def stamp_messages() -> None:
    """Stamp every message that this process publishes with the time."""
    before_task_publish.connect(_stamp)
