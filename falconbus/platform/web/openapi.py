"""The OpenAPI 3.1 document, made from the declarations that views are made of (operations.py)."""

import inspect
import re
from collections.abc import Iterable
from typing import Any, cast

import msgspec
from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from falconbus.platform.kit.schema import Body
from falconbus.platform.web import api_keys
from falconbus.platform.web.declarations import PUBLIC, BodyReader, Media, Operation, Public, operation_of, shapes_of
from falconbus.platform.web.implied_refusals import refusals_of
from falconbus.platform.web.limits import RateLimited
from falconbus.platform.web.problems import CONTENT_TYPE, Problem

_REF = "#/components/schemas/{name}"
#: Of what is no operation, such as a page of the document itself.
_UNDECLARED = Operation(who=PUBLIC, budget=0)
#: What tells a caller of limits, with every answer that was counted; `Retry-After` with a refusal only.
_HEADERS = {
    "RateLimit-Policy": {
        "description": "The limits that the call was counted under: `q` calls in `w` seconds each.",
        "schema": {"type": "string", "examples": ['"booking";q=10;w=60, "writes";q=100;w=3600']},
    },
    "RateLimit": {
        "description": "What is left of each (`r`), and in how many seconds there is more (`t`) when nothing is left.",
        "schema": {"type": "string", "examples": ['"booking";r=7, "writes";r=81']},
    },
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
}
_RATE_LIMITED = {"$ref": "#/components/responses/RateLimited"}
_VERBS = ("get", "post", "put", "patch", "delete")


def document(app: Flask, *, title: str, version: str, description: str, prefix: str) -> dict[str, Any]:
    """Return every operation below `prefix`, with its input, output and refusals."""
    operations = list(_operations(app, prefix))
    declared = [operation_of(view) or _UNDECLARED for _, _, view in operations]
    models = {model for each in declared for model in (_body(each), each.asks) if model is not None}
    shapes = [*{shape for each in declared for shape in _json_shapes(each)}, Problem]
    shape_refs, shape_components = msgspec.json.schema_components(shapes, ref_template=_REF)
    _, definitions = models_json_schema(
        [(model, "validation") for model in sorted(models, key=lambda model: model.__name__)],
        ref_template=_REF.replace("{name}", "{model}"),
    )
    refs = dict(zip(shapes, shape_refs, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    components = definitions.get("$defs", {})
    for (rule, verb, view), each in zip(operations, declared, strict=True):
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        paths.setdefault(path, {})[verb] = _operation(rule, view, each, refs, components)
    schemas = {**components, **shape_components}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": {"RateLimited": _rate_limited(refs[Problem])},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": api_keys.HEADER},
            },
        },
    }


def _operations(app: Flask, prefix: str) -> Iterable[tuple[Rule, str, Any]]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(prefix):
            for verb in _VERBS:
                if verb.upper() in (rule.methods or ()):
                    yield rule, verb, app.view_functions[rule.endpoint]


def _operation(
    rule: Rule, view: Any, declared: Operation, refs: dict[Any, Any], components: dict[str, Any]
) -> dict[str, Any]:
    summary, _, description = (inspect.getdoc(view) or "").partition("\n")
    operation: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "tags": [rule.endpoint.split(".")[0]],
        "summary": summary.strip(),
        "parameters": [
            *_path_parameters(rule), *_query_parameters(declared.asks, components), *_header_parameters(declared)
        ],
        "responses": {**_successes(declared, refs), **_refusals(declared, refs[Problem])},
    }  # fmt: skip
    if description.strip():
        operation["description"] = description.strip()
    if (model := _body(declared)) is not None:
        schema = {"$ref": _REF.format(name=model.__name__)}
        required = not model.may_be_left_out
        operation["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    elif declared.takes is not None:
        operation["requestBody"] = {"required": True, "content": cast(BodyReader, declared.takes).content}
    if not isinstance(declared.who, Public):
        operation["security"] = [{"bearer": []}]
        operation["description"] = (operation.get("description", "") + f"\n\nNeeds: {declared.who}.").strip()
    return operation


def _successes(declared: Operation, refs: dict[Any, Any]) -> dict[str, Any]:
    return {str(status): _success(given, declared, refs) for status, given in declared.gives.items()}


def _success(given: Any, declared: Operation, refs: dict[Any, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Success"}
    if isinstance(given, Media):
        success["content"] = {given.content_type: {}}
    elif given is not None:
        schemas = [refs[shape] for shape in shapes_of(given)]
        success["content"] = {"application/json": {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}}
    if declared.cached is not None:
        success["headers"] = {"X-Cache": {"schema": {"enum": ["HIT", "MISS", "STALE"]}}}
        kept = {"type": "object", "properties": {"from_cache": {"type": "boolean"}}}
        success["content"] = {"application/json": {"schema": {"allOf": [refs[given], kept]}}}
    return success


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    parameters = []
    for converter, name in re.findall(r"<(?:([^:<>]+):)?([^<>]+)>", rule.rule):
        kind = {"type": "integer"} if converter in {"id", "int"} else {"type": "string"}
        parameters.append({"name": name, "in": "path", "required": True, "schema": kind})
    return parameters


def _query_parameters(model: type[BaseModel] | None, components: dict[str, Any]) -> list[dict[str, Any]]:
    if model is None:
        return []
    schema = components.pop(model.__name__, None)
    if schema is None:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        components |= schema.get("$defs", {})
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": part}
        for name, part in schema["properties"].items()
    ]


def _header_parameters(declared: Operation) -> list[dict[str, Any]]:
    if not declared.idempotent:
        return []
    schema = {"type": "string", "minLength": 16, "maxLength": 255}
    return [{"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema}]


def _refusals(declared: Operation, problem_ref: dict[str, Any]) -> dict[str, Any]:
    content = {CONTENT_TYPE: {"schema": problem_ref}}
    by_status: dict[str, list[str]] = {}
    for refusal in refusals_of(declared):
        by_status.setdefault(str(refusal.status), []).append(f"`{refusal.code}`: {refusal.title}.")
    responses: dict[str, dict[str, Any]] = {
        status: {"description": " ".join(lines), "content": content} for status, lines in by_status.items()
    }
    if str(RateLimited.status) in responses:
        responses[str(RateLimited.status)] = _RATE_LIMITED
    responses["default"] = {"description": "A problem document", "content": content}
    return responses


def _rate_limited(problem_ref: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": f"`{RateLimited.code}`: {RateLimited.title}.",
        "headers": _HEADERS,
        "content": {CONTENT_TYPE: {"schema": problem_ref}},
    }


def _body(declared: Operation) -> type[Body] | None:
    return declared.takes if isinstance(declared.takes, type) else None


def _json_shapes(declared: Operation) -> Iterable[Any]:
    for given in declared.gives.values():
        if given is not None and not isinstance(given, Media):
            yield from shapes_of(given)
