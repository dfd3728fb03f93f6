"""What the forms send. Unknown fields are let pass: mail programs and portals add theirs to links."""

from dataclasses import dataclass, replace

from werkzeug.datastructures import MultiDict

from falconbus.bookings.errors import UnknownJourney, UnknownPassenger
from falconbus.checkout.cancelling import CancelRequest, Expected
from falconbus.platform.kit.errors import Invalid

_PASSENGERS = set("123456789")
_JOURNEYS = set("123456")


@dataclass(frozen=True, slots=True)
class Choice:
    """The passengers and journeys ticked; without `is_made` the form was not sent yet, and all of them are meant.

    Of a booking with one journey to cancel the form has no journeys to tick.
    """

    passengers: tuple[int, ...]
    journeys: tuple[int, ...]
    is_made: bool

    @classmethod
    def of(cls, fields: MultiDict[str, str]) -> "Choice":
        """UnknownPassenger and UnknownJourney for what is no number of one."""
        return cls(
            _numbers(fields, "passenger", _PASSENGERS, UnknownPassenger()),
            _numbers(fields, "journey", _JOURNEYS, UnknownJourney()),
            is_made="chosen" in fields,
        )

    def to_request(self) -> CancelRequest:
        return CancelRequest(self.passengers or None, self.journeys or None)


def cancel_request(fields: MultiDict[str, str]) -> CancelRequest:
    """What the form that cancels asks for: it bears who was chosen and the amounts shown, or it is met by no quote."""
    choice = Choice.of(fields)
    amounts = (fields.get("refund", ""), fields.get("fee", "")) if choice.passengers else ("", "")
    return replace(choice.to_request(), expected=Expected(*amounts), children_alone="children_alone" in fields)


def _numbers(fields: MultiDict[str, str], name: str, known: set[str], unknown: Invalid) -> tuple[int, ...]:
    given = fields.getlist(name)
    if not set(given) <= known:
        raise unknown
    return tuple(sorted({int(number) for number in given}))
