"""Every refusal that an operation can answer with: its own, and those that come with what it declares."""

from collections.abc import Iterator

from falconbus.platform.kit.errors import DomainError, Invalid
from falconbus.platform.web.api_keys import InvalidApiKey
from falconbus.platform.web.declarations import Operation, Public
from falconbus.platform.web.hosts import UnknownHost
from falconbus.platform.web.idempotency import BadIdempotencyKey, IdempotencyKeyReused, RequestInProgress
from falconbus.platform.web.identity import Csrf, Forbidden, InvalidToken, SessionsUnavailable, Unauthenticated
from falconbus.platform.web.limits import RateLimited
from falconbus.platform.web.problems import (
    BodyTooLarge,
    BodyTooSlow,
    BrokenBody,
    Malformed,
    Unavailable,
    UnsupportedMediaType,
)


def refusals_of(declared: Operation) -> Iterator[type[DomainError]]:
    """Yield each class once, those of its own first."""
    seen: set[type[DomainError]] = set()
    for refusal in (*declared.refuses, *_implied(declared)):
        if refusal not in seen:
            seen.add(refusal)
            yield refusal


def _implied(declared: Operation) -> Iterator[type[DomainError]]:
    # A token that does not hold is refused wherever it is shown, and text that no column can hold in any address.
    yield from (InvalidToken, InvalidApiKey, Invalid, Unavailable)
    if not declared.by_any_host:
        yield UnknownHost
    if not isinstance(declared.who, Public):
        yield from (Unauthenticated, Forbidden)
    if declared.takes is not None:
        yield from (Malformed, UnsupportedMediaType, BodyTooLarge, BrokenBody, BodyTooSlow)
    if declared.idempotent:
        yield from (BadIdempotencyKey, IdempotencyKeyReused, RequestInProgress)
    if declared.counted or declared.limit is not None:
        yield RateLimited
    if declared.takes is not None or declared.idempotent:
        yield from (Csrf, SessionsUnavailable)
