"""Fields of forms as their models want them, and faults in words."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import Field, StringConstraints, model_validator

from falconbus.app import FalconBus
from falconbus.platform.kit.errors import Invalid
from falconbus.platform.kit.fields import Text, Words
from falconbus.platform.kit.schema import Body, OneLine
from falconbus.platform.web.forms import WHOLE, Form, new_form, read_form


class BusIn(Body):
    """Every kind of field."""

    number: Annotated[OneLine, StringConstraints(min_length=2, max_length=5)] = "FB-1"
    seats: Annotated[int, Field(gt=0, lt=100)] = 50
    price: Decimal | None = None
    remark: Text = ""
    story: Words = "none"
    nickname: OneLine | None = "Falcon"
    deck: Literal["upper", "lower"] = "lower"
    days: list[Annotated[int, Field(ge=1, le=7)]] = Field(default=[], max_length=3)
    is_live: bool = True

    @model_validator(mode="after")
    def check_decks(self) -> Self:
        if self.deck == "upper" and self.seats < 10:
            raise ValueError("two decks have more seats")
        return self


def read(app: FalconBus, fields: Mapping[str, Any]) -> Form[BusIn]:
    with app.test_request_context("/", method="POST", data=fields):
        return read_form(BusIn)


@pytest.mark.parametrize(
    ("name", "typed", "meant"),
    [
        ("seats", " 40 ", 40),
        ("seats", "", 50),
        ("price", "12.50", Decimal("12.50")),
        ("price", " ", None),
        ("remark", "", ""),
        ("story", "one\r\ntwo", "one\ntwo"),
        ("story", "", ""),
        ("nickname", "", None),
        ("deck", "upper", "upper"),
        ("days", ["1", "7", ""], [1, 7]),
        ("days", [], []),
        ("is_live", "on", True),
        ("is_live", [], False),
        ("unknown", "x", None),
    ],
)
def test_text_is_read_as_what_the_model_wants(name: str, typed: Any, meant: object, app: FalconBus) -> None:
    form = read(app, {name: typed})
    assert form.faults == {}
    assert getattr(form.content, name, None) == meant


@pytest.mark.parametrize(
    ("fields", "name", "words"),
    [
        ({"number": " "}, "number", "Fill this in."),
        ({"number": "x"}, "number", "That is too short: it needs 2 characters or more."),
        ({"number": "x" * 2000}, "number", "That is too long: 2,000 characters, and there is room for 5."),
        ({"number": "a\x00b"}, "number", "There is a character in it that cannot be shown; type it anew."),
        ({"remark": "a\x00b"}, "remark", "There is a character in it that cannot be shown; type it anew."),
        ({"remark": "a\nb"}, "remark", "This cannot be read; write it in another way."),
        ({"seats": "0"}, "seats", "It must be more than 0."),
        ({"seats": "100"}, "seats", "It must be less than 100."),
        ({"seats": "4.5"}, "seats", "Give a whole number, such as 12."),
        ({"price": "1,5"}, "price", "Give a number, such as 12.50."),
        ({"deck": "middle"}, "deck", "Choose one of these."),
        ({"days": ["3", "8"]}, "days", "It must be 7 or less."),
        ({"days": ["1", "2", "3", "4"]}, "days", "Choose 3 or less."),
        ({"deck": "upper", "seats": "5"}, WHOLE, "Two decks have more seats."),
    ],
)
def test_what_is_wrong_is_said_in_words(fields: dict[str, Any], name: str, words: str, app: FalconBus) -> None:
    form = read(app, fields)
    assert (form.content, form.status) == (None, 422)
    assert form.faults == {name: words}


def test_a_refusal_stands_beside_its_field_or_above_all() -> None:
    form = Form(model=BusIn, typed={"seats": ["5"]})
    assert form.refused(Invalid("too few", pointer="/seats")).faults == {"seats": "too few."}
    assert form.refused(Invalid("Too few!", pointer="/journeys/0")).faults == {WHOLE: "Too few!"}
    assert form.refused(Invalid()).status == 422
    assert "fault" in form.refused(Invalid()).attributes("seats")["aria-describedby"]


def test_a_new_form_holds_what_it_is_given() -> None:
    form = new_form(BusIn, seats=30)
    assert (form.text("seats"), form.text("remark"), form.status) == ("30", "", 200)
    assert form.holds("seats", 30)
