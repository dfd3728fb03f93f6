"""A view's declarations: what goes in (pydantic, strict), what comes out (msgspec). OpenAPI is made from the same."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import msgspec
from flask import Response, request
from pydantic import ValidationError

from falconbus.platform.kit import context
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.kit.schema import Body, Query
from falconbus.platform.web import problems

View = TypeVar("View", bound=Callable[..., Any])


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


def _parse_body(model: type[Body]) -> Body:
    if request.mimetype != "application/json":
        raise problems.UnsupportedMediaType
    try:
        return model.model_validate_json(request.get_data(cache=True))
    except ValidationError as fault:
        errors = fault.errors(include_url=False, include_input=False, include_context=False)
        if errors[0]["type"] == "json_invalid":
            raise problems.Malformed from None
        raise problems.faults_of(errors, in_body=True) from None


def _parse_query(model: type[Query]) -> Query:
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as fault:
        errors = fault.errors(include_url=False, include_input=False, include_context=False)
        raise problems.faults_of(errors, in_body=False) from None
