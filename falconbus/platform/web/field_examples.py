"""Right values of fields, as their models declare them (`Field(examples=...)`), to show beside a wrong one."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel


def example_of(model: type[BaseModel], place: Sequence[str | int]) -> str | None:
    """Return the first example of the field at a place such as `("hours", 0, "begins")`; None without one."""
    whole = schema_of(model)
    schemas = [whole]
    for part in place:
        inner = [_below(each, part) for schema in schemas for each in _alternatives(schema, whole)]
        schemas = [schema for schema in inner if schema is not None]
    declared = (each.get("examples") for schema in schemas for each in [schema, *_alternatives(schema, whole)])
    return next((str(examples[0]) for examples in declared if examples), None)


@cache
def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's JSON schema, made once."""
    return model.model_json_schema()


def _below(schema: dict[str, Any], part: str | int) -> dict[str, Any] | None:
    found = schema.get("items") if isinstance(part, int) else schema.get("properties", {}).get(part)
    return found if isinstance(found, dict) else None


def _alternatives(schema: dict[str, Any], whole: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a schema may be: itself, what it refers to, or each of `anyOf` (a field that may be null)."""
    if "$ref" in schema:
        return [whole["$defs"][schema["$ref"].rpartition("/")[2]]]
    return [each for option in schema.get("anyOf", ()) for each in _alternatives(option, whole)] or [schema]
