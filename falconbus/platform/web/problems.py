"""Errors as problem documents (RFC 9457): one shape for every refusal, without stack traces or input."""

import logging
from collections.abc import Mapping

import msgspec
import psycopg
from flask import Flask, Response, request
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from falconbus.platform.kit import context
from falconbus.platform.kit.errors import DomainError, Invalid
from falconbus.platform.telemetry import trace
from falconbus.platform.web import fault_words
from falconbus.platform.web.field_examples import example_of

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"


class FieldFault(msgspec.Struct, omit_defaults=True):
    """One fault of the input: a JSON pointer into the body, or the name of a parameter."""

    detail: str
    code: str
    pointer: str | None = None
    parameter: str | None = None


class Problem(msgspec.Struct, omit_defaults=True):
    """The document; `code` is for machines, `detail` for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldFault] = []


class InvalidInput(Invalid):
    """Several faults of a body or a query at once."""

    def __init__(self, errors: list[FieldFault]) -> None:
        super().__init__(errors[0].detail if len(errors) == 1 else f"{len(errors)} fields need another look")
        self.errors = errors


class Malformed(DomainError):
    status = 400
    code = "malformed"
    title = "The body is not JSON"


class UnsupportedMediaType(DomainError):
    status = 415
    code = "unsupported_media_type"
    title = "Send the body as application/json"


class BodyTooLarge(DomainError):
    status = 413
    code = "body_too_large"
    title = "The body is too large"


class BrokenBody(DomainError):
    status = 400
    code = "broken_body"
    title = "The body did not arrive whole"


class BodyTooSlow(DomainError):
    status = 408
    code = "body_too_slow"
    title = "The body took too long to arrive"


class Unavailable(DomainError):
    status = 503
    code = "unavailable"
    title = "Service unavailable"


def response(
    status: int,
    code: str,
    title: str,
    detail: str,
    errors: list[FieldFault] | None = None,
    extension: Mapping[str, object] | None = None,
) -> Response:
    """Return a problem document as a response, with the members of its own (`extension`)."""
    trace.note_fault(code)
    document = Problem(
        type=f"urn:falconbus:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        request_id=context.request_id.get(),
        errors=errors or [],
    )
    members = {**msgspec.to_builtins(document), **(extension or {})}
    return Response(msgspec.json.encode(members), status=status, content_type=CONTENT_TYPE)


def response_of(refusal: DomainError) -> Response:
    """Return the response to a refused request."""
    errors: list[FieldFault] = getattr(refusal, "errors", [])
    if (pointer := refusal.pointer) is not None:
        place = {"pointer": pointer} if pointer.startswith("/") else {"parameter": pointer}
        errors = [FieldFault(detail=refusal.detail, code=refusal.code, **place)]
    problem_response = response(refusal.status, refusal.code, refusal.title, refusal.detail, errors, refusal.extension)
    if refusal.status == 401:
        problem_response.headers["WWW-Authenticate"] = 'Bearer realm="FalconBus"'
    return problem_response


def init_app(app: Flask) -> None:
    """Answer every exception with a problem document."""
    app.register_error_handler(DomainError, response_of)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(IntegrityError, _integrity)
    app.register_error_handler(PoolTimeoutError, _busy)
    app.register_error_handler(OperationalError, _busy)
    # What no dialect has made its own: a connection that could not be made, or was used past SQLAlchemy.
    app.register_error_handler(psycopg.OperationalError, _busy)
    app.register_error_handler(DataError, _data)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(Exception, _unexpected)


_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large", 415: "unsupported_media_type"}


def _http(fault: HTTPException) -> Response | HTTPException:
    status = fault.code or 500
    if status < 400:
        return fault
    code = _HTTP_CODES.get(status, f"http_{status}")
    problem_response = response(status, code, fault.name, fault.description or fault.name)
    for name, value in fault.get_headers(request.environ):
        if name == "Allow":
            problem_response.headers[name] = value
    return problem_response


# SQLSTATE -> what the caller did; the constraint's name is ours, the row's values are never shown.
_INTEGRITY: dict[str, tuple[int, str, str]] = {
    "23505": (409, "already_exists", "There is already one like it"),
    "23503": (409, "in_use_or_unknown", "It is still used by something, or names something that does not exist"),
    "23514": (422, "invalid", "The request is not valid"),
    "23502": (422, "invalid", "The request is not valid"),
    "23P01": (409, "overlap", "It overlaps with another one"),
}


def _integrity(fault: IntegrityError) -> Response:
    known = _INTEGRITY.get(getattr(fault.orig, "sqlstate", "") or "")
    if known is None:
        return _unexpected(fault)
    status, code, title = known
    constraint = getattr(getattr(fault.orig, "diag", None), "constraint_name", None)
    return response(status, code, title, f"{title} (rule {constraint})")


def _busy(fault: Exception) -> Response:
    log.error("the database is away or busy: %s", type(getattr(fault, "orig", fault)).__name__, exc_info=fault)
    problem_response = response(
        503, "unavailable", "Service unavailable", "The database is away or busy; try again in a moment"
    )
    problem_response.headers["Retry-After"] = "2"
    trace.note_fault(type(getattr(fault, "orig", None) or fault).__name__)
    return problem_response


def _data(fault: DataError) -> Response:
    """Answer 422 to input that passed the schemas but no column can hold, such as NUL in an address."""
    log.warning("input that the database refused: %s", type(fault.orig).__name__)
    return response(422, "invalid", Invalid.title, "a value holds what cannot be stored or compared")


def _database(fault: DBAPIError) -> Response:
    return _busy(fault) if fault.connection_invalidated else _unexpected(fault)


def _unexpected(fault: Exception) -> Response:
    log.error("unexpected: %s", type(fault).__name__, exc_info=fault)
    problem_response = response(
        500, "internal", "Something went wrong on our side", "It has been logged under this request id"
    )
    trace.note_fault(type(getattr(fault, "orig", None) or fault).__name__)
    return problem_response


def faults_of(model: type[BaseModel], fault: ValidationError, *, in_body: bool) -> InvalidInput:
    """Convert pydantic's errors to field faults, without the input, and with a right value where the model has one."""
    faults = []
    for error in fault.errors(include_url=False, include_input=False):
        place = "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in error["loc"])
        where = {"pointer": place} if in_body else {"parameter": place[1:]}
        faults.append(
            FieldFault(detail=fault_words.words_of(error, example_of(model, error["loc"])), code=error["type"], **where)
        )
    return InvalidInput(faults)
