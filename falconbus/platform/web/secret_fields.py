"""Secrets of answers, fields of the type `Secret`: what is kept goes without them, a replay makes them again."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec.inspect import Metadata, StructType, Type, type_info

from falconbus.platform.kit.schema import SECRET
from falconbus.platform.web.declarations import Media, Operation, Secrets, shapes_of


def check_secrets(declared: Operation) -> None:
    """Raise TypeError unless an idempotent operation says of each secret of its answers how it is made again."""
    shapes = [shape for given in declared.gives.values() for shape in shapes_of(given)]
    found = {path for shape in shapes for path in secret_fields(shape)} if declared.idempotent else set()
    if found != set(declared.secrets):
        raise TypeError(f"the answer's secrets are {sorted(found)}, and {sorted(declared.secrets)} can be made again")
    if any("." in path for path in found):
        raise TypeError(f"of {sorted(found)} some are not at the answer's top, from where they can be left out")


def secret_fields(shape: Any) -> frozenset[str]:
    """Return where an answer's shape has secrets: `manage_token`, or `items.token` further down."""
    if shape is None or isinstance(shape, Media):
        return frozenset()
    return frozenset(_paths(type_info(shape), "", ()))


def leave_out(body: bytes, secrets: Secrets) -> bytes:
    """Return an answer's body without its secrets."""
    return _fill(body, dict.fromkeys(secrets, _nothing))


def put_back(body: bytes, secrets: Secrets) -> bytes:
    """Return the body that `leave_out` was given, to the byte."""
    return _fill(body, secrets)


def _fill(body: bytes, secrets: Secrets) -> bytes:
    """Set the secrets in a body of ours: what msgspec wrote it writes the same way again."""
    if not (body and secrets):
        return body
    answer = msgspec.json.decode(body)
    answer |= {name: make(answer) for name, make in secrets.items() if name in answer}
    return msgspec.json.encode(answer)


def _nothing(answer: Mapping[str, Any]) -> str:  # noqa: ARG001
    return ""


def _paths(node: Any, path: str, inside: tuple[type, ...]) -> Iterator[str]:
    if isinstance(node, Metadata) and node.extra == SECRET:
        yield path
    elif isinstance(node, StructType) and node.cls not in inside:
        for field in node.fields:
            yield from _paths(field.type, f"{path}.{field.encode_name}".lstrip("."), (*inside, node.cls))
    elif isinstance(node, tuple):
        for part in node:
            yield from _paths(part, path, inside)
    elif isinstance(node, Type) and not isinstance(node, StructType):
        for name in node.__struct_fields__:
            yield from _paths(getattr(node, name), path, inside)
