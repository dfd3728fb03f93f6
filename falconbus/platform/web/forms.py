"""Forms: a page's fields read into the models of the API's bodies, with faults beside what was typed.

The macros of `forms.html` draw them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from flask import request
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from falconbus.platform.kit.errors import DomainError
from falconbus.platform.web.field_examples import schema_of
from falconbus.platform.web.form_faults import words_of

Model = TypeVar("Model", bound=BaseModel)
#: Where the fault of no single field stands.
WHOLE = ""
_NOTHING: Mapping[str, str] = MappingProxyType({})
_LISTS = (list, set, tuple, frozenset)
_INPUT_TYPES = {"date": "date", "time": "time", "integer": "number"}
_LIMITS = {"maxLength": "maxlength", "minimum": "min", "maximum": "max"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Form(Generic[Model]):
    """A form as it was typed; `content` is what it means, None while something is wrong with it."""

    model: type[Model]
    #: The texts of each field by its name; several where a name is several fields.
    typed: Mapping[str, list[str]]
    #: For people, by a field's name or WHOLE.
    faults: Mapping[str, str] = field(default_factory=dict)
    #: Of the page that shows it.
    status: int = 200
    content: Model | None = None

    def text(self, name: str) -> str:
        """Return what a field holds."""
        return next(iter(self.typed.get(name, ())), "")

    def holds(self, name: str, value: object) -> bool:
        """Tell whether a choice is taken or a box is ticked."""
        return str(value) in self.typed.get(name, ())

    def refused(self, refusal: DomainError) -> "Form[Model]":
        """Return the form with what a use case said no to: beside the field that it points at, else above all."""
        name = (refusal.pointer or WHOLE).removeprefix("/")
        words = refusal.detail if refusal.detail.endswith((".", "?", "!")) else f"{refusal.detail}."
        return self.with_fault(words, refusal.status, name if name in self.typed else WHOLE)

    def with_fault(self, words: str, status: int, name: str = WHOLE) -> "Form[Model]":
        """Return the form with this fault and no other."""
        return replace(self, faults={name: words}, status=status, content=None)

    def attributes(self, name: str, *, has_note: bool = False) -> dict[str, Any]:
        """Return the HTML attributes of a field: what its model demands, and where its fault or note stands."""
        described = [f"{name}-fault"] if name in self.faults else [f"{name}-note"] if has_note else []
        attributes = {**_attributes_of(self.model, name), "id": name, "name": name}
        if WHOLE in self.faults:
            described.append("fault")
        if described:
            attributes["aria-describedby"] = " ".join(described)
        if name in self.faults:
            attributes["aria-invalid"] = "true"
            if name == next(iter(self.faults)):
                attributes["autofocus"] = ""
        return attributes


def new_form(model: type[Model], **values: object) -> Form[Model]:
    """Return a form to fill in, which holds `values` already."""
    return Form(model=model, typed={name: [str(value)] for name, value in values.items()})


def read_form(model: type[Model], when_empty: Mapping[str, str] = _NOTHING) -> Form[Model]:
    """Read what the present request's form was sent with; other fields than the model's are let pass.

    Text is read as what the model wants (numbers, dates, choices). An empty field is left out, and a box that is not
    ticked is False. `when_empty` says for a field by its name why it is needed.
    """
    fields = {info.alias or name: info for name, info in model.model_fields.items()}
    # Browsers send two characters for a line's end, and count one.
    typed = {name: [text.replace("\r\n", "\n") for text in request.form.getlist(name)] for name in fields}
    given = {name: _given(info, typed[name]) for name, info in fields.items()}
    given = {name: value for name, value in given.items() if value is not _LEFT_OUT}
    try:
        return Form(model=model, typed=typed, content=model.model_validate(given, strict=False))
    except ValidationError as refusal:
        faults: dict[str, str] = {}
        for error in refusal.errors(include_url=False, include_input=False):
            name = str(error["loc"][0]) if error["loc"] else WHOLE
            text = next(iter(typed.get(name, ())), "")
            faults.setdefault(name if name in fields else WHOLE, words_of(error, text, when_empty.get(name)))
        return Form(model=model, typed=typed, faults=faults, status=422)


_LEFT_OUT = object()


def _given(info: FieldInfo, texts: list[str]) -> Any:
    """What a model is given for a field."""
    kinds = _kinds(info.annotation)
    if kinds[0] is bool and len(kinds) == 1:
        return texts[0] if texts else "false"
    filled = [text for text in texts if text.strip()]
    if any((get_origin(kind) or kind) in _LISTS for kind in kinds):
        return filled or _LEFT_OUT
    if filled:
        return filled[0]
    if type(None) in kinds:
        return None if texts else _LEFT_OUT
    return texts[0] if texts and str in kinds else _LEFT_OUT


def _kinds(annotation: Any) -> list[Any]:
    """The types that a field may have."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return [kind for part in get_args(annotation) for kind in _kinds(part)]
    return [annotation]


def _attributes_of(model: type[BaseModel], name: str) -> dict[str, Any]:
    """What a browser can check itself, from the model's JSON schema; the field may be None or of one type."""
    schema = schema_of(model)
    entry: dict[str, Any] = schema["properties"][name]
    kinds = [kind for kind in entry.get("anyOf", [entry]) if kind.get("type") != "null"]
    kind = kinds[0]
    attributes: dict[str, Any] = {_LIMITS[limit]: kind[limit] for limit in _LIMITS if limit in kind}
    attributes["type"] = _INPUT_TYPES.get(kind.get("format", kind.get("type")), "text")
    may_be_empty = kind.get("type") == "string" and "format" not in kind and not kind.get("minLength")
    if name in schema.get("required", []) and "anyOf" not in entry and not may_be_empty:
        attributes["required"] = ""
    return attributes
