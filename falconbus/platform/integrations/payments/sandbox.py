"""A provider to try things out with. Like a real one it keeps its own books, in its own transactions.

Tokens: `ok` pays, `declined` declines, `error` breaks down, `slow` is pending and pays by webhook seconds later; money
of a slow charge goes back slowly, too.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

from sqlalchemy import BigInteger, DateTime, String, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model, db
from falconbus.platform.integrations.payments.provider import (
    BadWebhook,
    ChargeStatus,
    FollowUp,
    NotCharged,
    Outcome,
    ProviderFault,
    RefundAnswer,
    RefundOutcome,
    WebhookEvent,
)
from falconbus.platform.integrations.payments.registration import RegisteredProvider
from falconbus.platform.kit import clock
from falconbus.platform.kit.errors import Invalid

TOKENS = ("ok", "declined", "error", "slow")
SLOW = timedelta(seconds=3)
SIGNATURE_HEADER = "Sandbox-Signature"
_TOLERANCE_SECONDS = 300


class SandboxCharge(Model):
    """A line in the sandbox's books."""

    __tablename__ = "sandbox_charges"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    token: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(BigInteger)
    #: None: a line of the release that did not keep it.
    currency: Mapped[str | None] = mapped_column(String(3))
    refunded: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


_LINE = tuple(getattr(SandboxCharge, name) for name in ("key", "token", "amount", "currency", "created_at"))


class SandboxRefund(Model):
    """Money that went back, once a key."""

    __tablename__ = "sandbox_refunds"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    charge_key: Mapped[str] = mapped_column(String(40))
    amount: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class SandboxProvider:
    """The sandbox; `secret` signs its webhooks, which go to `webhook_address`."""

    name = "sandbox"
    staff_only = False
    refunds_by_hand = False

    def __init__(self, secret: str, webhook_address: str) -> None:
        self._secret = secret.encode()
        self._webhook_address = webhook_address

    def check_token(self, token: str) -> None:
        if token not in TOKENS:
            raise Invalid(f"the sandbox's tokens are {', '.join(TOKENS)}", pointer="/token")

    def charge(self, key: str, amount: int, currency: str, token: str) -> Outcome:
        if token == "error":  # noqa: S105
            raise NotCharged("the sandbox breaks down before it has taken anything, as asked")
        row: dict[str, Any] = {"key": key, "token": token, "amount": amount, "currency": currency}
        row["created_at"] = clock.now()
        line = insert(SandboxCharge).values(row).on_conflict_do_nothing(index_elements=["key"])
        with db.engine.begin() as connection:
            is_new = connection.execute(line.returning(SandboxCharge.id)).scalar() is not None
        outcome = _outcome(**row) if is_new else self.find(key)
        if outcome is None:
            raise ProviderFault("a line of the sandbox's books is gone")
        return replace(outcome, follow_up=WEBHOOK) if outcome.status == ChargeStatus.PENDING else outcome

    def find(self, key: str) -> Outcome | None:
        statement = select(*_LINE).where(SandboxCharge.key == key)
        with db.engine.begin() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _outcome(**row._asdict())

    def refund(self, key: str, charge_key: str, amount: int, currency: str) -> RefundOutcome:  # noqa: ARG002
        row = {"key": key, "charge_key": charge_key, "amount": amount, "created_at": clock.now()}
        refunded = SandboxCharge.refunded + amount
        charge = update(SandboxCharge).where(SandboxCharge.key == charge_key, refunded <= SandboxCharge.amount)
        line = insert(SandboxRefund).values(row).on_conflict_do_nothing(index_elements=["key"])
        with db.engine.connect() as connection:
            is_new = connection.execute(line.returning(SandboxRefund.id)).scalar() is not None
            if is_new and connection.execute(charge.values(refunded=refunded)).rowcount != 1:
                return RefundOutcome(RefundAnswer.REFUSED, "the sandbox knows no such charge, or less was paid")
            connection.commit()
        return self.find_refund(key, charge_key) or RefundOutcome(RefundAnswer.PENDING)

    def find_refund(self, key: str, charge_key: str) -> RefundOutcome | None:
        statement = (
            select(SandboxCharge.token, SandboxRefund.created_at)
            .join(SandboxCharge, SandboxCharge.key == SandboxRefund.charge_key)
            .where(SandboxRefund.key == key, SandboxRefund.charge_key == charge_key)
        )
        with db.engine.begin() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            return None
        is_under_way = row.token == "slow" and clock.now() < row.created_at + SLOW  # noqa: S105
        return RefundOutcome(RefundAnswer.PENDING if is_under_way else RefundAnswer.DONE)

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        stamp, _, signature = headers.get(SIGNATURE_HEADER, "").partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(stamp, body).encode()):
            raise BadWebhook
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > _TOLERANCE_SECONDS:
            raise BadWebhook("the webhook is too old")
        try:
            event = json.loads(body)
            outcome = Outcome(ChargeStatus(event["status"]), str(event["reference"]), *_sum_of(event))
            return WebhookEvent(event_id=str(event["id"]), key=str(event["key"]), outcome=outcome)
        except (ValueError, KeyError, TypeError):
            raise BadWebhook from None

    def send_webhook(self, key: str) -> None:
        """Tell our own address what became of the charge, as a real provider's server would; ProviderFault."""
        outcome = self.find(key)
        if outcome is None:
            raise ProviderFault("the sandbox knows no such charge")
        body, headers = self.webhook(key, outcome)
        try:
            request = Request(self._webhook_address, body, headers)  # noqa: S310  our own PUBLIC_URL
            with urlopen(request, timeout=10) as answer:  # noqa: S310
                answer.read()
        except OSError as fault:
            raise ProviderFault(f"the webhook did not get through: {type(fault).__name__}") from fault

    def webhook(self, key: str, outcome: Outcome) -> tuple[bytes, dict[str, str]]:
        """The webhook's body and headers: JSON, signed over time and body like those of real providers."""
        event = {
            "id": f"event_{key}_{outcome.status}",
            "key": key,
            "status": outcome.status,
            "reference": outcome.reference,
            "amount": outcome.amount,
            "currency": outcome.currency,
        }
        body, stamp = json.dumps(event).encode(), str(int(time.time()))
        return body, {"Content-Type": "application/json", SIGNATURE_HEADER: f"{stamp}.{self._sign(stamp, body)}"}

    def _sign(self, stamp: str, body: bytes) -> str:
        return hmac.new(self._secret, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def _outcome(*, key: str, token: str, amount: int, currency: str | None, created_at: datetime) -> Outcome:
    slow = ChargeStatus.PAID if clock.now() >= created_at + SLOW else ChargeStatus.PENDING
    status = {"ok": ChargeStatus.PAID, "slow": slow}.get(token, ChargeStatus.DECLINED)
    return Outcome(status, reference=f"sandbox_{key}", amount=amount, currency=currency)


def _sum_of(event: Mapping[str, Any]) -> tuple[int | None, str | None]:
    """Return amount and currency of a webhook; ValueError for what is none. Events of the release before have none."""
    amount, currency = event.get("amount"), event.get("currency")
    if amount is not None and (type(amount) is not int or amount < 0):
        raise ValueError
    return amount, None if currency is None else str(currency)


#: The sandbox has no server: one of our workers plays it. The name is that of jobs under way.
WEBHOOK = FollowUp("payments.sandbox_webhook", SandboxProvider.send_webhook, SLOW)

PROVIDER = RegisteredProvider(
    name=SandboxProvider.name,
    make=lambda settings: SandboxProvider(settings.secret, settings.webhook_address),
    follow_ups=(WEBHOOK,),
)
