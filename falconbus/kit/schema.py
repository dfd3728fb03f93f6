"""A view's declarations: what goes in (pydantic, strict), what comes out (msgspec). OpenAPI is made from the same."""

import re
import time
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, TypeVar, cast

import msgspec
from flask import Response, request
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from falconbus.kit import context, problem
from falconbus.kit.errors import DomainError, Invalid

View = TypeVar("View", bound=Callable[..., Any])

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _no_control_characters(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters")
    return value


#: Text of one line, trimmed, without control characters.
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_no_control_characters)]
Name = Annotated[Line, StringConstraints(max_length=100)]


class Body(BaseModel):
    """The base of request bodies: JSON types as they are, nothing unknown."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class Query(BaseModel):
    """The base of query strings: every value is text; nothing unknown."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def accepts(model: type[Body]) -> Callable[[View], View]:
    """Parse the JSON body into the view's argument `body`; 400, 415 or 422 with every fault at once."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return view(*args, body=_parse_body(model), **kwargs)

        wrapper.accepts = model  # type: ignore[attr-defined]
        return cast(View, wrapper)

    return decorate


def accepts_query(model: type[Query]) -> Callable[[View], View]:
    """Parse the query string into the view's argument `query`; 422 with every fault at once."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return view(*args, query=_parse_query(model), **kwargs)

        wrapper.accepts_query = model  # type: ignore[attr-defined]
        return cast(View, wrapper)

    return decorate


def returns(
    shape: Any, status: int = 200, *refusals: type[DomainError]
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Encode what the view returns, a `shape`, as JSON; a Response passes. `refusals` are for the API's document."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Response:
            answer = view(*args, **kwargs)
            if isinstance(answer, Response):
                return answer
            began = time.perf_counter()
            content = b"" if answer is None else msgspec.json.encode(answer)
            context.rendering.set(context.rendering.get() + time.perf_counter() - began)
            code = getattr(answer, "http_status", None) or status
            return Response(content, status=code, content_type="application/json")

        wrapper.returns = (shape, status)  # type: ignore[attr-defined]
        wrapper.refusals = refusals  # type: ignore[attr-defined]
        return wrapper

    return decorate


def media(content_type: str, *refusals: type[DomainError]) -> Callable[[Callable[..., bytes]], Callable[..., Response]]:
    """Answer the bytes that the view returns as `content_type`, for the caller alone."""

    def decorate(view: Callable[..., bytes]) -> Callable[..., Response]:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Response:
            answer = Response(view(*args, **kwargs), content_type=content_type)
            answer.headers["Cache-Control"] = "private, no-store"
            return answer

        wrapper.returns = (None, 200)  # type: ignore[attr-defined]
        wrapper.media_type = content_type  # type: ignore[attr-defined]
        wrapper.refusals = refusals  # type: ignore[attr-defined]
        return wrapper

    return decorate


def pick_fields(items: list[Any], shape: type[msgspec.Struct], fields: str | None) -> list[Any]:
    """Only the named fields of each item (`?fields=id,name`), for phones on thin lines; 422 for one that is none."""
    if fields is None:
        return items
    names = [name.strip() for name in fields.split(",") if name.strip()]
    unknown = sorted(set(names) - set(shape.__struct_fields__))
    if unknown or not names:
        raise Invalid(f"the fields are {', '.join(shape.__struct_fields__)}", pointer="fields")
    return [{name: getattr(item, name) for name in names} for item in items]


def _parse_body(model: type[Body]) -> Body:
    if request.mimetype != "application/json":
        raise problem.UnsupportedMediaType
    try:
        return model.model_validate_json(request.get_data(cache=True))
    except ValidationError as fault:
        errors = fault.errors(include_url=False, include_input=False, include_context=False)
        if errors[0]["type"] == "json_invalid":
            raise problem.Malformed from None
        raise problem.faults_of(errors, in_body=True) from None


def _parse_query(model: type[Query]) -> Query:
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as fault:
        errors = fault.errors(include_url=False, include_input=False, include_context=False)
        raise problem.faults_of(errors, in_body=False) from None
