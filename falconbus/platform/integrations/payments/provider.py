"""What FalconBus asks of whoever takes the money."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from falconbus.platform.kit.errors import DomainError


class ChargeStatus(StrEnum):
    PAID = "paid"
    PENDING = "pending"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a provider says of a charge; `reference` is its own name for it."""

    status: ChargeStatus
    reference: str | None = None
    redirect_url: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """What a verified webhook tells: its own unique id, and the outcome of the charge that we named `key`."""

    event_id: str
    key: str
    outcome: Outcome


class ProviderFault(Exception):
    """The provider could not be asked, or answered nonsense; what became of the charge is not known."""


class BadWebhook(DomainError):
    status = 400
    code = "bad_webhook"
    title = "The webhook's signature or content is not right"


class PaymentProvider(Protocol):
    """A provider. Amounts are integers of the currency's smallest unit; `key` makes every call safe to repeat."""

    name: str
    #: Only staff may take such payments.
    staff_only: bool

    def check_token(self, token: str) -> None:
        """Raise Invalid when `token` cannot be one of this provider's."""

    def charge(self, key: str, amount: int, currency: str, token: str) -> Outcome:
        """Take the money, once a key; ProviderFault when it cannot be known."""

    def find(self, key: str) -> Outcome | None:
        """What became of the charge `key`; None when the provider has never heard of it."""

    def refund(self, key: str, charge_key: str, amount: int, currency: str) -> None:
        """Give money back, once a key; ProviderFault when that failed."""

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Verify and read a webhook; BadWebhook."""
