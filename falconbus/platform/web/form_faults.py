"""What is wrong with a field of a form, for the people who filled it in."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_EMPTY = "Fill this in."

#: By pydantic's code; the places are those of its context.
_WORDS = {
    "string_too_short": "That is too short: it needs {min_length:,} characters or more.",
    "too_short": "Choose {min_length:,} or more.",
    "too_long": "Choose {max_length:,} or less.",
    "greater_than": "It must be more than {gt}.",
    "greater_than_equal": "It must be {ge} or more.",
    "less_than": "It must be less than {lt}.",
    "less_than_equal": "It must be {le} or less.",
    "int_parsing": "Give a whole number, such as 12.",
    "int_from_float": "Give a whole number, such as 12.",
    "float_parsing": "Give a number, such as 12.50.",
    "decimal_parsing": "Give a number, such as 12.50.",
    "date_parsing": "Give a date, such as 2026-12-18.",
    "date_from_datetime_parsing": "Give a date, such as 2026-12-18.",
    "time_parsing": "Give a time, such as 07:30.",
    "enum": "Choose one of these.",
    "literal_error": "Choose one of these.",
}


def words_of(error: "ErrorDetails", text: str, when_empty: str | None) -> str:
    """Return pydantic's error in words; `text` is what was typed, `when_empty` why the field is needed."""
    code, context = error["type"], error.get("ctx", {})
    if context.get("field_type") == "Value":
        # What pydantic says of text that was checked by a function before.
        code = f"string_{code}"
    if not text.strip() and code in {"missing", "string_too_short", "too_short", "string_pattern_mismatch"}:
        return when_empty or _EMPTY
    if code == "string_too_long":
        length, longest = len(text.strip()), context["max_length"]
        return f"That is too long: {length:,} characters, and there is room for {longest:,}."
    if _CONTROL.search(text):
        return "There is a character in it that cannot be shown; type it anew."
    if code in _WORDS:
        return _WORDS[code].format(**context)
    if code == "value_error":
        words = str(context["error"])
        return f"{words[:1].upper()}{words[1:]}."
    return "This cannot be read; write it in another way."
