"""Money taken at the counter: cash, or a transfer (EFT) with its reference. An agent has seen it."""

import re
from collections.abc import Mapping

from falconbus.platform.integrations.payments.provider import (
    BadWebhook,
    ChargeStatus,
    Outcome,
    RefundAnswer,
    RefundOutcome,
    WebhookEvent,
)
from falconbus.platform.integrations.payments.registration import RegisteredProvider
from falconbus.platform.kit.errors import Invalid

_TOKEN = re.compile(r"cash|eft:[A-Za-z0-9 ./_-]{3,60}")


class CounterProvider:
    """Nobody to ask: what the agent says is so."""

    name = "counter"
    staff_only = True
    refunds_by_hand = True

    def check_token(self, token: str) -> None:
        if not _TOKEN.fullmatch(token):
            raise Invalid("write `cash`, or `eft:` and the transfer's reference", pointer="/token")

    def charge(self, key: str, amount: int, currency: str, token: str) -> Outcome:  # noqa: ARG002
        return Outcome(ChargeStatus.PAID, reference=token, amount=amount, currency=currency)

    def find(self, key: str) -> Outcome | None:  # noqa: ARG002  the counter keeps no book but ours
        return None

    def refund(self, key: str, charge_key: str, amount: int, currency: str) -> RefundOutcome:  # noqa: ARG002
        return RefundOutcome(RefundAnswer.REFUSED, "an agent hands back what was taken at the counter")

    def find_refund(self, key: str, charge_key: str) -> RefundOutcome | None:  # noqa: ARG002
        return None

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:  # noqa: ARG002
        raise BadWebhook("the counter sends no webhooks")


PROVIDER = RegisteredProvider(name=CounterProvider.name, make=lambda settings: CounterProvider())  # noqa: ARG005
