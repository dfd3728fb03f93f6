"""What an HTTP operation declares: the one source for access, parsing, limits, budgets and the API's document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from falconbus.platform.caching.groups import Group
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.kit.schema import Body, Query
from falconbus.platform.web.permissions import Permission


class Public:
    """Anybody may call it; what they see is the operation's own business."""

    def __repr__(self) -> str:
        return "PUBLIC"


PUBLIC = Public()


@dataclass(frozen=True, slots=True)
class Media:
    """An answer that is no JSON, for the caller alone; `headers` say otherwise, or more."""

    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


#: An HTML page.
PAGE = Media("text/html")


class BodyReader(Protocol):
    """Reads a body that is no JSON."""

    @property
    def content(self) -> Mapping[str, Any]:
        """OpenAPI's media types of it, with their schemas."""

    def read(self) -> dict[str, Any]:
        """Read the present request's body into the view's arguments; DomainError when it will not do."""


#: By the field of an answer that is a secret: how it is made again of the answer without it.
Secrets = Mapping[str, Callable[[Mapping[str, Any]], str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A view's declaration.

    `who`: the permission it takes, or PUBLIC. `budget`: the most statements it sends, however long its answer.
    `takes`: the JSON body, the view's argument `body` (or what a BodyReader reads). `asks`: the query string, its
    argument `query`. `gives`: by status what it returns: a shape that is sent as JSON (several in a tuple), the bytes
    of a Media, None for nothing; where there are several statuses the type of what is returned tells which. A Response
    passes as it is, and so does what a PAGE returns. `refuses`: the refusals of its own; those that come with the rest
    of the declaration (implied_refusals.py) are not named. `limit`: the setting with the rate at which one address may
    call it; `counted`: whether it uses up the caller's hourly limit. `idempotent`: a repeated Idempotency-Key gets the
    first answer; `secrets`: how that answer's secrets, which are not kept, are made again. `cached`: the group in which
    answers are kept. `by_any_host`: for probes, which ask a process by its own address, whatever host they name.
    """

    who: Permission | Public
    budget: int
    takes: type[Body] | BodyReader | None = None
    asks: type[Query] | None = None
    gives: Mapping[int, Any] = field(default_factory=dict)
    refuses: tuple[type[DomainError], ...] = ()
    limit: str | None = None
    counted: bool = True
    idempotent: bool = False
    secrets: Secrets = field(default_factory=dict)
    cached: Group | None = None
    by_any_host: bool = False

    @property
    def is_page(self) -> bool:
        return PAGE in self.gives.values()


def declare(view: Any, declared: Operation) -> None:
    """Let a view bear its declaration."""
    view.operation = declared


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """Return what a view declares; None for one that declares nothing, which nobody may call."""
    declared: Operation | None = getattr(view, "operation", None)
    return declared


def shapes_of(given: Any) -> tuple[Any, ...]:
    """Return the shapes of one status of `gives`."""
    return given if isinstance(given, tuple) else (given,)
