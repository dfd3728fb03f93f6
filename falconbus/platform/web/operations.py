"""Making a view from its declaration: the one decorator of every address, whose parts cannot come in a wrong order."""

import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast, get_origin

import msgspec
from flask import Response, request
from pydantic import ValidationError

from falconbus.platform.caching import response_cache
from falconbus.platform.caching.groups import Group
from falconbus.platform.kit import context
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.kit.schema import Body, Query
from falconbus.platform.web import idempotency, problems
from falconbus.platform.web.declarations import BodyReader, Media, Operation, Public, Secrets, declare, shapes_of
from falconbus.platform.web.permissions import Permission
from falconbus.platform.web.secret_fields import check_secrets

View = TypeVar("View", bound=Callable[..., Any])
_Answering = Callable[..., Response]


def operation(  # noqa: PLR0913  one keyword for each thing that is declared
    route: Callable[[Any], Any],
    *,
    who: Permission | Public,
    budget: int,
    gives: Mapping[int, Any],
    takes: type[Body] | BodyReader | None = None,
    asks: type[Query] | None = None,
    refuses: tuple[type[DomainError], ...] = (),
    limit: str | None = None,
    counted: bool = True,
    idempotent: bool = False,
    secrets: Secrets | None = None,
    cached: Group | None = None,
    cached_unless: Callable[[], bool] | None = None,
    by_any_host: bool = False,
) -> Callable[[View], View]:
    """Declare a view and register it with `route`, such as `bp.get("/stops")`; Operation says what each part means.

    `cached_unless`: callers for whom it holds get an answer of their own, which is not kept.
    """
    declared = Operation(
        who=who, budget=budget, takes=takes, asks=asks, gives=gives, refuses=refuses, limit=limit, counted=counted,
        idempotent=idempotent, secrets=secrets or {}, cached=cached, by_any_host=by_any_host,
    )  # fmt: skip
    check_secrets(declared)

    def decorate(view: View) -> View:
        made: Any = view if declared.is_page else _encoding(view, declared)
        if declared.idempotent:
            made = idempotency.replaying(made, declared.secrets)
        if declared.cached is not None:
            made = response_cache.cached(declared.cached, unless=cached_unless)(made)
        made = _parsing(made, declared)
        declare(made, declared)
        return cast(View, route(made))

    return decorate


def _parsing(view: Callable[..., Any], declared: Operation) -> Callable[..., Any]:
    takes, asks = declared.takes, declared.asks

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if asks is not None:
            kwargs["query"] = _parse_query(asks)
        if takes is None:
            pass
        elif isinstance(takes, type):
            kwargs["body"] = _parse_body(takes)
        else:
            kwargs |= takes.read()
        return view(*args, **kwargs)

    return wrapper


def _encoding(view: Callable[..., Any], declared: Operation) -> _Answering:
    ((status, shape),) = list(declared.gives.items())[:1]
    if isinstance(shape, Media):
        return _sending(view, shape)
    by_type = _statuses_by_type(declared.gives) if len(declared.gives) > 1 else {}

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        answer = view(*args, **kwargs)
        if isinstance(answer, Response):
            return answer
        began = time.perf_counter()
        content = b"" if answer is None else msgspec.json.encode(answer)
        context.rendering.set(context.rendering.get() + time.perf_counter() - began)
        code = by_type[type(answer)] if by_type else status
        return Response(content, status=code, content_type="application/json")

    return wrapper


def _sending(view: Callable[..., bytes], media: Media) -> _Answering:
    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        answer = Response(view(*args, **kwargs), content_type=media.content_type)
        answer.headers["Cache-Control"] = "private, no-store"
        answer.headers.update(media.headers)
        return answer

    return wrapper


def _statuses_by_type(gives: Mapping[int, Any]) -> dict[type, int]:
    shapes = [(shape, status) for status, given in gives.items() for shape in shapes_of(given)]
    return {get_origin(shape) or shape: status for shape, status in shapes}


def _parse_body(model: type[Body]) -> Body:
    if model.may_be_left_out and not request.get_data(cache=True):
        return model()
    if request.mimetype != "application/json":
        raise problems.UnsupportedMediaType
    try:
        return model.model_validate_json(request.get_data(cache=True))
    except ValidationError as fault:
        if fault.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
            raise problems.Malformed from None
        raise problems.faults_of(model, fault, in_body=True) from None


def _parse_query(model: type[Query]) -> Query:
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as fault:
        raise problems.faults_of(model, fault, in_body=False) from None
