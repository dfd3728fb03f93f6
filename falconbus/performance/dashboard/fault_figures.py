"""The figures of requests that were refused or failed."""

from datetime import datetime

import msgspec


class FailedOut(msgspec.Struct):
    """One of them; the log has it under its id."""

    at: datetime
    request_id: str


class FaultOut(msgspec.Struct):
    """Requests of one endpoint that were refused (4xx) or failed (5xx) for the same reason.

    `why` is the problem's code, or the exception's class where the failure is ours. `requests` are the newest of them,
    with the ids that the log has them under.
    """

    status: int
    why: str
    endpoint: str
    number: int
    requests: list[FailedOut]


class LimitOut(msgspec.Struct):
    """What a rate limit refused."""

    name: str
    refused: int
