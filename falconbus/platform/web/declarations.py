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


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A view's declaration; `operation()` in operations.py says what each part means."""

    who: Permission | Public
    budget: int
    takes: type[Body] | BodyReader | None = None
    asks: type[Query] | None = None
    #: By status: a shape, several in a tuple, Media, or None for no content.
    gives: Mapping[int, Any] = field(default_factory=dict)
    refuses: tuple[type[DomainError], ...] = ()
    limit: str | None = None
    counted: bool = True
    idempotent: bool = False
    cached: Group | None = None

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
