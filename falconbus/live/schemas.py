"""Request and response shapes of the live endpoints."""

from typing import Annotated

import msgspec
from pydantic import Field

from falconbus.platform.kit.schema import Query


class StreamTicketQuery(Query):
    """The topic to listen to."""

    topic: Annotated[str, Field(min_length=1, max_length=50)]


class StreamTicketOut(msgspec.Struct):
    """A ticket, and within how many seconds it must be used; `url` is where, without one there is no live process."""

    ticket: str
    valid_seconds: int
    url: str | None
