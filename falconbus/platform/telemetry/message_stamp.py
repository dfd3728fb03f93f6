"""Each message to the workers bears when it was published, so that one sees how long it lay in its queue."""

from typing import Any

from celery.signals import before_task_publish

from falconbus.platform.kit import clock

#: A header of the message: epoch seconds.
PUBLISHED_AT = "published_at"


def _stamp(headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is not None:
        headers[PUBLISHED_AT] = clock.now().timestamp()


def stamp_messages() -> None:
    """Have every message that this process publishes bear its time."""
    before_task_publish.connect(_stamp)
