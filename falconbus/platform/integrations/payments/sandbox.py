"""A provider to try things out with. Like a real one it keeps its own books, in its own transactions.

Tokens: `ok` pays, `declined` declines, `error` breaks down, `slow` is pending and pays by webhook seconds later; money
of a slow charge goes back slowly, too.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.request import Request, urlopen

from sqlalchemy import BigInteger, DateTime, String, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model, db
from falconbus.platform.integrations.payments.provider import (
    BadWebhook,
    ChargeStatus,
    FollowUp,
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
    refunded: Mapped[int] = mapped_column(BigInteger, server_default="0", default=0)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


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

    def charge(self, key: str, amount: int, currency: str, token: str) -> Outcome:  # noqa: ARG002
        if token == "error":  # noqa: S105
            raise ProviderFault("the sandbox breaks down, as asked")
        row = {"key": key, "token": token, "amount": amount, "created_at": clock.now()}
        with db.engine.begin() as connection:
            connection.execute(insert(SandboxCharge).values(row).on_conflict_do_nothing(index_elements=["key"]))
        if token == "slow":  # noqa: S105
            return Outcome(ChargeStatus.PENDING, reference=f"sandbox_{key}", follow_up=WEBHOOK)
        return self._outcome(key, token, settled=True)

    def find(self, key: str) -> Outcome | None:
        statement = select(SandboxCharge.token, SandboxCharge.created_at).where(SandboxCharge.key == key)
        with db.engine.begin() as connection:
            row = connection.execute(statement).one_or_none()
        return self._outcome(key, row.token, settled=clock.now() >= row.created_at + SLOW) if row else None

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
            outcome = Outcome(ChargeStatus(event["status"]), reference=str(event["reference"]))
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
        }
        body, stamp = json.dumps(event).encode(), str(int(time.time()))
        return body, {"Content-Type": "application/json", SIGNATURE_HEADER: f"{stamp}.{self._sign(stamp, body)}"}

    def _outcome(self, key: str, token: str, *, settled: bool) -> Outcome:
        paid = ChargeStatus.PAID if settled else ChargeStatus.PENDING
        status = {"ok": ChargeStatus.PAID, "slow": paid}.get(token, ChargeStatus.DECLINED)
        return Outcome(status, reference=f"sandbox_{key}")

    def _sign(self, stamp: str, body: bytes) -> str:
        return hmac.new(self._secret, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


#: The sandbox has no server: one of our workers plays it. The name is that of jobs under way.
WEBHOOK = FollowUp("payments.sandbox_webhook", SandboxProvider.send_webhook, SLOW)

PROVIDER = RegisteredProvider(
    name=SandboxProvider.name,
    make=lambda settings: SandboxProvider(settings.secret, settings.webhook_address),
    follow_ups=(WEBHOOK,),
)
