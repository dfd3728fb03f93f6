"""Shapes of paying, cancelling and correcting."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

import msgspec
from pydantic import Field, StringConstraints

from falconbus.bookings.schemas import AccessQuery
from falconbus.bookings.service import Cancellation
from falconbus.checkout.cancelling import CancelRequest, Expected
from falconbus.payments.models import Handling
from falconbus.platform.database.engine import AnyRow
from falconbus.platform.database.pagination import CursorQuery
from falconbus.platform.kit import clock, money
from falconbus.platform.kit.errors import Invalid
from falconbus.platform.kit.fields import Change, Email, Phone, Price, left_out
from falconbus.platform.kit.person_names import PersonName
from falconbus.platform.kit.schema import Body, OneLine


class PaymentIn(Body):
    """`token`: what the provider's own form gave; to try things out `ok`, `declined`, `error`, `slow`."""

    provider: Annotated[OneLine, StringConstraints(max_length=32)]
    token: Annotated[OneLine, StringConstraints(max_length=200)]


class PaymentOut(msgspec.Struct):
    """A payment that is made; `status` is `paid`."""

    payment_id: str
    status: str


class PendingPaymentOut(PaymentOut, omit_defaults=True):
    """A payment that its provider has yet to confirm; `redirect_url` is the page of a provider that has one."""

    redirect_url: str | None = None


class ExpectedIn(Body):
    """The amounts that a quote has told."""

    refund: Price | None = None
    fee: Price | None = None


class CancelIn(Body):
    """`passengers` and `journeys`: numbers as the booking shows them; left out, all of them.

    With `expected` nothing is cancelled for other amounts. `children_alone`: nobody need stay with a child.
    `waive_fee`, with the `reason` of it: operators give everything back, also of a coach that has left.
    """

    may_be_left_out: ClassVar[bool] = True

    passengers: Annotated[list[Annotated[int, Field(ge=1, le=9)]], Field(min_length=1, max_length=9)] | None = None
    journeys: Annotated[list[Annotated[int, Field(ge=1, le=6)]], Field(min_length=1, max_length=6)] | None = None
    expected: ExpectedIn | None = None
    children_alone: bool = False
    waive_fee: bool = False
    reason: Annotated[OneLine, StringConstraints(max_length=300)] | None = None

    def to_request(self) -> CancelRequest:
        """Return what is asked for; Invalid for a waiver without its reason, or the other way round."""
        if self.waive_fee != (self.reason is not None):
            raise Invalid("waive_fee and reason go together", pointer="/reason")
        expected = self.expected or ExpectedIn()
        return CancelRequest(
            passengers=self.passengers,
            journeys=self.journeys,
            expected=Expected(expected.refund, expected.fee),
            children_alone=self.children_alone,
            waiver=self.reason,
        )


class CancelQuery(AccessQuery):
    """`quote=1`: only say what comes back."""

    quote: Literal["0", "1"] = "0"


class QuoteOut(msgspec.Struct):
    refund: str
    fee: str
    currency: str

    @classmethod
    def of(cls, cancellation: Cancellation) -> "QuoteOut":
        currency = cancellation.currency
        refund, fee = money.to_text(cancellation.refund, currency), money.to_text(cancellation.fee, currency)
        return cls(refund, fee, currency)


class HandlingIn(Body):
    """`note`: why, or under what reference the payment is found."""

    note: Annotated[OneLine, StringConstraints(max_length=200)]

    def to_handling(self, by_id: int | None) -> Handling:
        return Handling(by_id, clock.now(), self.note)


class RefundQuery(CursorQuery):
    """`status`: `due` by hand, `pending` at the provider, `failed` there, `done`."""

    status: Literal["due", "pending", "done", "failed"] | None = None


class RefundOut(msgspec.Struct):
    """Money to give back, or given back; `paid_by` is what was written down when it was taken.

    `key` is what its provider knows it by, `error` why it failed last; `handled_by` last had it asked for anew or paid
    it out, and wrote the `note`.
    """

    id: int
    booking: str
    email: str | None
    amount: str
    currency: str
    reason: str
    provider: str
    paid_by: str | None
    status: str
    key: str
    error: str | None
    created_at: datetime
    asked_at: datetime | None
    settled_at: datetime | None
    handled_by: str | None
    note: str | None

    @classmethod
    def of(cls, row: AnyRow) -> "RefundOut":
        return cls(
            id=row.key,
            booking=row.reference,
            email=row.email,
            amount=money.to_text(row.amount, row.currency),
            currency=row.currency,
            reason=row.reason,
            provider=row.provider,
            paid_by=row.provider_reference,
            status=row.status,
            key=row.provider_key,
            error=row.error,
            created_at=row.created_at,
            asked_at=row.asked_at,
            settled_at=row.settled_at,
            handled_by=row.handled_by,
            note=row.note,
        )


class ContactPatch(Change):
    """A booking's new contact; what is left out stays."""

    email: Email = Field(default_factory=left_out)
    phone: Phone | None = Field(default_factory=left_out)


class PassengerPatch(Body):
    """A passenger's corrected name."""

    name: PersonName
