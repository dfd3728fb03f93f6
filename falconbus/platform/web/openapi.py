"""The OpenAPI 3.1 document, made from the declarations that check and encode (kit/schema.py)."""

import inspect
import re
from collections.abc import Iterable
from typing import Any

import msgspec
from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from falconbus.platform.web.problems import CONTENT_TYPE, Problem

_REF = "#/components/schemas/{name}"
_VERBS = ("get", "post", "put", "patch", "delete")


def document(app: Flask, *, title: str, version: str, description: str, prefix: str) -> dict[str, Any]:
    """Return the document of every operation below `prefix`, with its input, output and refusals."""
    operations = list(_operations(app, prefix))
    views = [view for _, _, view in operations]
    models = list({model for view in views for model in (_input(view), _query(view)) if model is not None})
    shapes = [*{shape for view in views if (shape := _output(view)[0]) is not None}, Problem]
    shape_refs, shape_components = msgspec.json.schema_components(shapes, ref_template=_REF)
    _, definitions = models_json_schema(
        [(model, "validation") for model in sorted(models, key=lambda model: model.__name__)],
        ref_template=_REF.replace("{name}", "{model}"),
    )
    refs = dict(zip(shapes, shape_refs, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    components = definitions.get("$defs", {})
    for rule, verb, view in operations:
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        paths.setdefault(path, {})[verb] = _operation(rule, view, refs, components)
    schemas = {**components, **shape_components}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operations(app: Flask, prefix: str) -> Iterable[tuple[Rule, str, Any]]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(prefix):
            for verb in _VERBS:
                if verb.upper() in (rule.methods or ()):
                    yield rule, verb, app.view_functions[rule.endpoint]


def _operation(rule: Rule, view: Any, refs: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any]:
    summary, _, description = (inspect.getdoc(view) or "").partition("\n")
    _, status = _output(view)
    operation: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "tags": [rule.endpoint.split(".")[0]],
        "summary": summary.strip(),
        "parameters": [*_path_parameters(rule), *_query_parameters(view, components), *_header_parameters(view)],
        "responses": {str(status): _success(view, refs), **_refusals(view, refs[Problem])},
    }
    if description.strip():
        operation["description"] = description.strip()
    if (model := _input(view)) is not None:
        schema = {"$ref": _REF.format(name=model.__name__)}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif (media := getattr(view, "consumes", None)) is not None:
        operation["requestBody"] = {"required": True, "content": media}
    if getattr(view, "access", None) != "public":
        operation["security"] = [{"bearer": []}]
        operation["description"] = (operation.get("description", "") + f"\n\nNeeds: {view.access}.").strip()
    return operation


def _success(view: Any, refs: dict[Any, Any]) -> dict[str, Any]:
    shape, _ = _output(view)
    success: dict[str, Any] = {"description": "Success"}
    if shape is not None:
        success["content"] = {"application/json": {"schema": refs[shape]}}
    elif (media := getattr(view, "media_type", None)) is not None:
        success["content"] = {media: {}}
    if getattr(view, "cache_group", None) is not None:
        success["headers"] = {"X-Cache": {"schema": {"enum": ["HIT", "MISS", "STALE"]}}}
        kept = {"type": "object", "properties": {"from_cache": {"type": "boolean"}}}
        success["content"] = {"application/json": {"schema": {"allOf": [refs[shape], kept]}}}
    return success


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    parameters = []
    for converter, name in re.findall(r"<(?:([^:<>]+):)?([^<>]+)>", rule.rule):
        kind = {"type": "integer"} if converter in {"id", "int"} else {"type": "string"}
        parameters.append({"name": name, "in": "path", "required": True, "schema": kind})
    return parameters


def _query_parameters(view: Any, components: dict[str, Any]) -> list[dict[str, Any]]:
    model = _query(view)
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


def _header_parameters(view: Any) -> list[dict[str, Any]]:
    if not getattr(view, "idempotent", False):
        return []
    schema = {"type": "string", "minLength": 16, "maxLength": 255}
    return [{"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema}]


def _refusals(view: Any, problem_ref: dict[str, Any]) -> dict[str, Any]:
    content = {CONTENT_TYPE: {"schema": problem_ref}}
    by_status: dict[str, list[str]] = {}
    for refusal in getattr(view, "refusals", ()):
        by_status.setdefault(str(refusal.status), []).append(f"`{refusal.code}`: {refusal.title}.")
    responses = {status: {"description": " ".join(lines), "content": content} for status, lines in by_status.items()}
    responses["default"] = {"description": "A problem document", "content": content}
    return responses


def _input(view: Any) -> type[BaseModel] | None:
    model: type[BaseModel] | None = getattr(view, "accepts", None)
    return model


def _query(view: Any) -> type[BaseModel] | None:
    model: type[BaseModel] | None = getattr(view, "accepts_query", None)
    return model


def _output(view: Any) -> tuple[Any, int]:
    output: tuple[Any, int] = getattr(view, "returns", (None, 200))
    return output
