"""What FalconBus asks of whoever takes the money."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

from falconbus.platform.kit.errors import DomainError

_CURRENCY_LENGTH, _LONGEST_REFERENCE = 3, 200


class ChargeStatus(StrEnum):
    PAID = "paid"
    PENDING = "pending"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Work of a provider's own that one of our workers does `delay` after a charge: `run(provider, charge's key)`.

    `task` is the name of its job. ProviderFault has it tried again.
    """

    task: str
    run: Callable[[Any, str], None]
    delay: timedelta


class ProviderFault(Exception):
    """The provider could not be asked, or answered nonsense; what became of the charge or refund is not known."""


class NonsensicalOutcome(ProviderFault, ValueError):
    """No charge can have come to that."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a provider says of a charge; `reference` is its own name for it. NonsensicalOutcome."""

    status: ChargeStatus
    reference: str | None = None
    #: What was taken, in the currency's smallest unit; None from a provider that does not say: what was asked for.
    amount: int | None = None
    currency: str | None = None
    redirect_url: str | None = None
    #: What a worker has to do for a pending charge, if its provider wants anything done.
    follow_up: FollowUp | None = None

    def __post_init__(self) -> None:
        if self.amount is not None and not 0 <= self.amount < 2**63:
            raise NonsensicalOutcome(f"an amount of {self.amount}")
        if len(self.currency or "ZAR") != _CURRENCY_LENGTH or len(self.reference or "") > _LONGEST_REFERENCE:
            raise NonsensicalOutcome("a currency or a reference that is none")


class RefundAnswer(StrEnum):
    DONE = "done"
    #: Taken on, and not done yet: it is asked after later.
    PENDING = "pending"
    #: For good: asking again would not help.
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RefundOutcome:
    """What a provider says of a refund; `reason` when it refuses."""

    answer: RefundAnswer
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """What a verified webhook tells: its own unique id, and the outcome of the charge that we named `key`."""

    event_id: str
    key: str
    outcome: Outcome


class NotCharged(ProviderFault):
    """The provider was never reached, or refused the call as such: this call has charged nothing, for certain."""


class BadWebhook(DomainError):
    status = 400
    code = "bad_webhook"
    title = "The webhook's signature or content is not right"


class PaymentProvider(Protocol):
    """A provider. Amounts are integers of the currency's smallest unit; `key` makes every call safe to repeat."""

    name: str
    #: Only staff may take such payments.
    staff_only: bool
    #: Nobody can be asked to give money back: staff pay it out.
    refunds_by_hand: bool

    def check_token(self, token: str) -> None:
        """Raise Invalid when `token` cannot be one of this provider's."""

    def charge(self, key: str, amount: int, currency: str, token: str) -> Outcome:
        """Take the money, once a key, even if asked twice at the same moment; say what was taken.

        ProviderFault when it cannot be known, NotCharged when it is sure that nothing was taken.
        """

    def find(self, key: str) -> Outcome | None:
        """Return what became of the charge `key`; None when the provider has never heard of it."""

    def refund(self, key: str, charge_key: str, amount: int, currency: str) -> RefundOutcome:
        """Give money of a charge back, once a key; ProviderFault when it cannot be known."""

    def find_refund(self, key: str, charge_key: str) -> RefundOutcome | None:
        """Return what became of the refund `key` of a charge; None when the provider has never heard of it."""

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        """Verify and read a webhook; BadWebhook."""
