"""Shapes of cancelling a departure."""

from typing import Annotated, Literal

import msgspec
from pydantic import StringConstraints

from falconbus.disruptions.withdrawing import Withdrawal, WithdrawnBooking
from falconbus.platform.kit import money
from falconbus.platform.kit.schema import Body, OneLine, Query


class WithdrawIn(Body):
    """`reason`: why it does not run, as travellers and crew are to read it."""

    reason: Annotated[OneLine, StringConstraints(max_length=300)]


class WithdrawQuery(Query):
    """`preview=1`: only say who is affected and what comes back."""

    preview: Literal["0", "1"] = "0"


class AmountOut(msgspec.Struct):
    amount: str
    currency: str


class WithdrawnBookingOut(msgspec.Struct):
    """A booking on the departure. `status` is that before; `passengers` and `refund` are of this departure only.

    `by_hand`: its money goes back at the counter. `being_paid`: a payment is under way, and comes back when it arrives.
    `ends`: nothing else is left of the booking. `told`: by mail; a hold that nobody is paying is released without.
    """

    reference: str
    email: str | None
    status: str
    passengers: int
    refund: str
    currency: str
    by_hand: bool
    being_paid: bool
    ends: bool
    told: bool

    @classmethod
    def of(cls, each: WithdrawnBooking) -> "WithdrawnBookingOut":
        booking = each.booking
        return cls(
            reference=booking.reference,
            email=booking.email,
            status=booking.status,
            passengers=booking.passengers,
            refund=money.to_text(each.refund, booking.currency),
            currency=booking.currency,
            by_hand=each.is_refunded_by_hand,
            being_paid=each.is_being_paid,
            ends=each.booking.ends,
            told=each.is_told,
        )


class WithdrawalOut(msgspec.Struct):
    """Who is affected by cancelling a departure, and what comes back; `cancelled` is false in a preview.

    `passengers` have tickets, `refunds` are sums by currency, `at_counter` counts the bookings whose money goes back by
    hand, `crew` the people who are told and taken off it.
    """

    schedule_id: int
    cancelled: bool
    passengers: int
    refunds: list[AmountOut]
    at_counter: int
    crew: int
    bookings: list[WithdrawnBookingOut]

    @classmethod
    def of(cls, affected: Withdrawal, *, cancelled: bool) -> "WithdrawalOut":
        sold = [each.booking for each in affected.bookings if each.booking.is_confirmed]
        sums = sorted(affected.refunds().items())
        return cls(
            schedule_id=affected.schedule_id,
            cancelled=cancelled,
            passengers=sum(booking.passengers for booking in sold),
            refunds=[AmountOut(money.to_text(amount, currency), currency) for currency, amount in sums],
            at_counter=sum(each.is_refunded_by_hand for each in affected.bookings),
            crew=affected.crew,
            bookings=[WithdrawnBookingOut.of(each) for each in affected.bookings],
        )
