"""What is wrong with a value of a request, in words for people: no pattern, and nothing of how the library says it."""

from typing import Any

_NOT_SO = "is not written as this field is; the API's document shows how"
#: By pydantic's code; the places are those of its context.
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "none_required": "must be null",
    "string_too_short": "must have {min_length:,} characters or more",
    "string_too_long": "must have {max_length:,} characters or fewer",
    "string_pattern_mismatch": _NOT_SO,
    "string_unicode": "must be text in UTF-8",
    "too_short": "must have {min_length:,} or more entries",
    "too_long": "must have {max_length:,} entries or fewer",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "date_type": "must be a date such as 2026-12-18",
    "date_parsing": "must be a date such as 2026-12-18",
    "date_from_datetime_parsing": "must be a date such as 2026-12-18",
    "date_from_datetime_inexact": "must be a date such as 2026-12-18",
    "time_type": "must be a time such as 07:30",
    "time_parsing": "must be a time such as 07:30",
    "datetime_type": "must be a time such as 2026-11-27T10:00:00+02:00",
    "datetime_parsing": "must be a time such as 2026-11-27T10:00:00+02:00",
    "datetime_from_date_parsing": "must be a time such as 2026-11-27T10:00:00+02:00",
    "timezone_aware": "must have an offset, as 2026-11-27T10:00:00+02:00 has",
}


def words_of(error: Any, example: str | None = None) -> str:
    """Return pydantic's error in words, with a right value when there is one to show."""
    words = _words_of(error)
    if example is None or error["type"] == "extra_forbidden" or example in words:
        return words
    if words == _NOT_SO:
        return f"must be written as {example} is"
    return f"{words} (for example {example})"


def _words_of(error: Any) -> str:
    code, context = error["type"], error.get("ctx", {})
    if code == "value_error":
        return str(context["error"])
    if context.get("field_type") == "Value":
        # What pydantic says of text that was checked by a function before.
        code = f"string_{code}"
    return _WORDS.get(code, _NOT_SO).format(**context)
