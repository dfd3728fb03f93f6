"""Faults of a request are told in our words: none of the library's, and no pattern."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, create_model

from falconbus.platform.web.fault_words import words_of
from falconbus.platform.web.field_examples import example_of


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    a: Annotated[int, Field(examples=[7])]


SHORT = Annotated[str, StringConstraints(min_length=2, max_length=3, pattern="^[a-z]+$")]
CHECKED = Annotated[str, AfterValidator(str.strip), StringConstraints(max_length=3)]
FEW = Annotated[int, Field(ge=1, le=9)]
LIST = Annotated[list[int], Field(min_length=1, max_length=2)]


@pytest.mark.parametrize(
    ("annotation", "value", "words"),
    [
        (SHORT, "a", "must have 2 characters or more"),
        (SHORT, "abcd", "must have 3 characters or fewer"),
        (SHORT, "AB", "is not written as this field is; the API's document shows how"),
        (SHORT, 1, "must be text"),
        (CHECKED, "abcd", "must have 3 characters or fewer"),
        (FEW, 0, "must be 1 or more"),
        (FEW, 10, "must be 9 or less"),
        (FEW, "1", "must be a whole number"),
        (FEW, 1.5, "must be a whole number"),
        (LIST, [], "must have 1 or more entries"),
        (LIST, [1, 2, 3], "must have 2 entries or fewer"),
        (LIST, {}, "must be a list"),
        (bool, "yes", "must be true or false"),
        (float, "x", "must be a number"),
        (date, "soon", "must be a date such as 2026-12-18"),
        (date, "2026-02-30", "must be a date such as 2026-12-18"),
        (time, "25:00", "must be a time such as 07:30"),
        (datetime, "soon", "must be a time such as 2026-11-27T10:00:00+02:00"),
        (Literal["a", "b"], "c", "must be one of 'a' or 'b'"),
        (Colour, "green", "must be one of 'red' or 'blue'"),
        (Inner, 7, "must be an object"),
        (dict[str, int], [], "must be an object"),
    ],
)
def test_each_kind_of_fault_has_words_of_its_own(annotation: Any, value: object, words: str) -> None:
    assert _fault_of(annotation, value, strict=annotation not in {date, time, datetime, Colour}) == words


def test_what_is_missing_or_not_known_is_said() -> None:
    shape = create_model("Shape", __config__=ConfigDict(extra="forbid"), a=(int, ...))
    with pytest.raises(ValidationError) as caught:
        shape.model_validate({"b": 1})
    assert [words_of(error) for error in caught.value.errors()] == ["is missing", "is not known here"]


def test_a_kind_that_has_no_words_says_none_of_the_librarys() -> None:
    assert _fault_of(bytes, 7, strict=True) == "is not written as this field is; the API's document shows how"


class Outer(BaseModel):
    code: Annotated[str, Field(pattern="^[A-Z]+$", examples=["JNB"])]
    count: Annotated[int, Field(ge=1, examples=[3])] | None = None
    inner: list[Inner] = []
    plain: int = 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"code": "x"}, "must be written as JNB is"),
        ({}, "is missing (for example JNB)"),
        ({"code": "A", "count": 0}, "must be 1 or more (for example 3)"),
        ({"code": "A", "inner": [{"a": "x"}]}, "must be a whole number (for example 7)"),
        ({"code": "A", "plain": "x"}, "must be a whole number"),
    ],
)
def test_a_right_value_is_shown_where_the_field_declares_one(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(given)
    error = caught.value.errors()[0]
    assert words_of(error, example_of(Outer, error["loc"])) == words


def _fault_of(annotation: Any, value: object, *, strict: bool) -> str:
    shape = create_model("Shape", __config__=ConfigDict(strict=strict), field=(annotation, ...))
    with pytest.raises(ValidationError) as caught:
        shape.model_validate({"field": value})
    return words_of(caught.value.errors()[0])
