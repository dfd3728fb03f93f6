"""The base classes of request bodies and query strings (pydantic, strict), and text of one line."""

import re
from typing import Annotated, Any, ClassVar

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from falconbus.platform.kit.errors import Invalid

# The last two stretches turn the direction of reading: one text on paper, another in the system.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def _no_control_characters(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters")
    return value


#: Text of one line, trimmed, without control characters.
OneLine = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_no_control_characters)]
Name = Annotated[OneLine, StringConstraints(max_length=100)]
SECRET = {"secret": True}
#: Text in an answer that gives access to whoever has it: it is sent, and stored nowhere.
Secret = Annotated[str, msgspec.Meta(extra=SECRET)]


class Body(BaseModel):
    """The base of request bodies: JSON types as they are, nothing unknown.

    Of one that `may_be_left_out` no body is the same as `{}`.
    """

    may_be_left_out: ClassVar[bool] = False

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class Query(BaseModel):
    """The base of query strings: every value is text; nothing unknown.

    `credentials`: the parameters that show who may see something, at which strangers guess.
    """

    credentials: ClassVar[frozenset[str]] = frozenset()

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def pick_fields(items: list[Any], shape: type[msgspec.Struct], fields: str | None) -> list[Any]:
    """Return only the named fields of each item (`?fields=id,name`), which saves bytes; Invalid for an unknown one."""
    if fields is None:
        return items
    names = [name.strip() for name in fields.split(",") if name.strip()]
    unknown = sorted(set(names) - set(shape.__struct_fields__))
    if unknown or not names:
        raise Invalid(f"the fields are {', '.join(shape.__struct_fields__)}", pointer="fields")
    return [{name: getattr(item, name) for name in names} for item in items]
