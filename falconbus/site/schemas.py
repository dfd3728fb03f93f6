"""What the forms send. Unknown fields are let pass: mail programs and portals add theirs to links."""

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from falconbus.bookings.errors import UnknownPassenger

_NUMBERS = set("123456789")


@dataclass(frozen=True, slots=True)
class Choice:
    """The passengers ticked; without `is_made` the form was not sent yet, and everybody is meant."""

    passengers: tuple[int, ...]
    is_made: bool

    @classmethod
    def of(cls, fields: MultiDict[str, str]) -> "Choice":
        """UnknownPassenger for what is no passenger's number."""
        given = fields.getlist("passenger")
        if not set(given) <= _NUMBERS:
            raise UnknownPassenger
        return cls(tuple(sorted({int(number) for number in given})), is_made="chosen" in fields)


def amounts_shown(fields: MultiDict[str, str]) -> tuple[int, int] | None:
    """The refund and fee that the form was sent with, in the smallest unit; None when it bears none."""
    refund, fee = (fields.get(name, type=int) for name in ("refund", "fee"))
    return None if refund is None or fee is None else (refund, fee)
