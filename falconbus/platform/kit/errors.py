"""The errors with which a use case refuses."""

from collections.abc import Mapping
from typing import ClassVar


class DomainError(Exception):
    """A refusal with a meaning for the caller; one handler turns it into a problem document (RFC 9457)."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "conflict"
    title: ClassVar[str] = "The request conflicts with the present state"
    #: The refusal is itself a fact to keep (a declined payment): its transaction commits, its response is replayed.
    recorded: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, pointer: str | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        #: What the problem document says besides, by name: JSON.
        self.extension: Mapping[str, object] = {}
        #: Where the fault lies: a JSON pointer into the body, or a parameter's name.
        self.pointer = pointer


class NotFound(DomainError):
    status = 404
    code = "not_found"
    title = "Not found"


class Invalid(DomainError):
    """Input that is well-formed but not acceptable."""

    status = 422
    code = "invalid"
    title = "The request is not valid"


class Contended(Exception):
    """Another transaction was faster between our read and our write; the whole transaction must be retried."""

    def __init__(self, refusal: DomainError) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
