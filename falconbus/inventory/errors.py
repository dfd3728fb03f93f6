"""Refusals about seats."""

from collections.abc import Sequence
from typing import Self

from falconbus.platform.kit.errors import DomainError, Invalid


class SeatTaken(DomainError):
    code = "seat_taken"
    title = "A chosen seat has just been taken; choose another one"

    @classmethod
    def of(cls, seats: Sequence[str]) -> Self:
        """Name the seats."""
        if len(seats) == 1:
            return cls(f"seat {seats[0]} has just been taken; choose another one")
        return cls(f"seats {', '.join(seats)} have just been taken; choose others")


class SoldOut(DomainError):
    code = "sold_out"
    title = "There is no room left for that many passengers"


class UnknownSeat(Invalid):
    code = "unknown_seat"
    title = "The coach has no such seat"


class SeatOfOtherClass(Invalid):
    code = "seat_of_other_class"
    title = "The seat belongs to another fare class"


class NotOnSale(DomainError):
    code = "not_on_sale"
    title = "The departure is not on sale (any more)"


class NotServed(Invalid):
    code = "not_served"
    title = "The coach does not carry passengers between these stops"
