"""Registry of how payments of bookings are read.

The table of payments belongs to a room above, which this one must not import: its reads are handed down at the start.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from falconbus.platform.database.engine import AnySelect

PaymentState = Literal["pending", "paid", "failed"]


@dataclass(frozen=True, slots=True)
class PaymentReads:
    """What bookings ask of payments."""

    #: Return the state of a booking's payment, by the booking's id; None when nobody has tried to pay.
    find_state: Callable[[int], PaymentState | None]
    #: Select the ids of the bookings of a payment, by our name for it or its provider's.
    select_bookings_of: Callable[[str], AnySelect]


_registered: list[PaymentReads] = []


def register(reads: PaymentReads) -> None:
    """Register the reads; ValueError when others are registered already."""
    if reads not in _registered:
        if _registered:
            raise ValueError("the payments of bookings are read in two ways")
        _registered.append(reads)


def find_state(booking_id: int, *, payment_id: str | None) -> PaymentState | None:
    """Return how the payment of a booking stands; one that has confirmed it (`payment_id`) is known without asking."""
    return "paid" if payment_id is not None else _registered[0].find_state(booking_id)


def select_bookings_of(payment: str) -> AnySelect:
    """Select the ids of the bookings of a payment, by our name for it or its provider's."""
    return _registered[0].select_bookings_of(payment)
