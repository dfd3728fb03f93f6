"""Field types that bodies and query strings of several features share."""

import re
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

from falconbus.platform.kit.emails import parse_email
from falconbus.platform.kit.money import is_currency
from falconbus.platform.kit.schema import Body, OneLine

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*", re.ASCII)
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("is not a time zone such as Africa/Johannesburg")
    return value


def _currency(value: str) -> str:
    if not is_currency(value):
        raise ValueError("is not a currency that people pay in, such as ZAR")
    return value


def _read(value: object) -> object:
    """Parse an ISO 8601 time; pydantic itself would take a bare number for seconds since 1970."""
    if not isinstance(value, str):
        return value
    try:
        if _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("is not a time such as 2026-11-27T10:00:00+02:00")


def _read_month(value: object) -> date:
    """Parse a month of this century."""
    if isinstance(value, str) and _MONTH.fullmatch(value):
        return date.fromisoformat(f"{value}-01")
    raise ValueError("is not a month such as 2026-12")


def _of_our_time(value: datetime) -> datetime:
    if not 2000 <= value.year < 2100:
        raise ValueError("must be of this century")
    return value


def _one_kind_of_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _plain_spaces(value: object) -> object:
    return re.sub(r"[\s\u2007\u202f]", " ", value).replace("\u2011", "-") if isinstance(value, str) else value


#: A row's key.
Key = Annotated[int, Field(ge=1, le=2**31 - 1)]
#: A OneLine that may be empty.
Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]
#: Text of many lines, which may be empty.
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]*$"),
    AfterValidator(_one_kind_of_line_end),
]
Filter = Annotated[OneLine, StringConstraints(max_length=100)]
#: An address as it is kept (kit/emails.py).
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254),
    AfterValidator(parse_email),
    Field(examples=["thandi@example.com"], json_schema_extra={"format": "email"}),
]
#: Pasted numbers have spaces and hyphens that do not break.
Phone = Annotated[
    OneLine,
    BeforeValidator(_plain_spaces),
    StringConstraints(pattern=r"^\+?[0-9 ()./-]{6,30}$"),
    Field(examples=["+27 82 000 0000"]),
]
Website = Annotated[
    OneLine,
    StringConstraints(max_length=200, pattern=r"^https?://[^\s\"'<>@]+$"),
    Field(examples=["https://bus.example"]),
]
Zone = Annotated[OneLine, AfterValidator(_zone), Field(examples=["Africa/Johannesburg"])]
Currency = Annotated[OneLine, AfterValidator(_currency), Field(examples=["ZAR"])]
#: Decimal text such as "420.00"; how many decimals there may be is the currency's matter.
Price = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,4})?$"), Field(examples=["420.00"])]
#: A month such as 2026-12, as its first day.
Month = Annotated[
    date, BeforeValidator(_read_month), Field(json_schema_extra={"pattern": _MONTH.pattern, "examples": ["2026-12"]})
]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2099, 12, 31), examples=["2026-12-18"])]
#: A time with its offset; in an address a plus is written %2B.
Moment = Annotated[AwareDatetime, BeforeValidator(_read), AfterValidator(_of_our_time)]


def left_out() -> Any:
    """Return the default of a field that a change may leave out; unlike None it does not allow null."""


class Change(Body):
    """The base of PATCH bodies: what is left out stays as it is, null is refused."""

    def changes(self) -> dict[str, Any]:
        """Return the fields that the caller gave."""
        return self.model_dump(exclude_unset=True)
