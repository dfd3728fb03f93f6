"""Tables of index advice, and of the statements that were checked."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Float, Index, Integer, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.performance.advisor.errors import AdviceNotOpen
from falconbus.platform.database.engine import Model


class AdviceState(StrEnum):
    OPEN = "open"
    APPLIED = "applied"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"


class Advice(Model):
    """An index that helped a statement on a copy; read_model.AdviceOut says what the columns mean."""

    __tablename__ = "performance_advice"
    __table_args__ = (
        CheckConstraint("state IN ('open','applied','dismissed','withdrawn')", name="state"),
        CheckConstraint("(state = 'applied') = (applied_at IS NOT NULL)", name="applied_at"),
        CheckConstraint("before_ms >= 0 AND after_ms >= 0", name="times"),
        Index("uq_performance_advice_fingerprint_definition", "fingerprint", "definition", unique=True),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    table_schema: Mapped[str] = mapped_column(Text)
    table_name: Mapped[str] = mapped_column(Text)
    keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    index_name: Mapped[str] = mapped_column(Text)
    definition: Mapped[str] = mapped_column(Text)
    together_with: Mapped[str | None] = mapped_column(Text)
    before_ms: Mapped[float] = mapped_column(Float)
    after_ms: Mapped[float] = mapped_column(Float)
    sample_rows: Mapped[int] = mapped_column(BigInteger)
    sample_share: Mapped[float] = mapped_column(Float)
    index_bytes: Mapped[int] = mapped_column(BigInteger)
    mean_ms: Mapped[float | None] = mapped_column(Float)
    calls_per_hour: Mapped[float | None] = mapped_column(Float)
    plan_before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    plan_after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    proven_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    applied_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    measured_before_ms: Mapped[float | None] = mapped_column(Float)
    measured_after_ms: Mapped[float | None] = mapped_column(Float)
    measured_calls: Mapped[int] = mapped_column(BigInteger, default=0)

    def renew(self, proof: dict[str, Any]) -> None:
        """Take over the figures of a newer trial; withdrawn advice, or advice whose index is gone, is open again."""
        for name, value in proof.items():
            setattr(self, name, value)
        if self.state in {AdviceState.WITHDRAWN, AdviceState.APPLIED}:
            self.state, self.applied_at = AdviceState.OPEN, None

    def withdraw(self) -> None:
        """Withdraw advice that a newer trial did not confirm; what was applied or dismissed stays so."""
        if self.state == AdviceState.OPEN:
            self.state = AdviceState.WITHDRAWN

    def dismiss(self) -> None:
        """Dismiss open advice; AdviceNotOpen."""
        if self.state != AdviceState.OPEN:
            raise AdviceNotOpen
        self.state = AdviceState.DISMISSED

    def apply(self, at: datetime) -> None:
        """Record that the index exists."""
        self.state, self.applied_at = AdviceState.APPLIED, at


class AdviceCheck(Model):
    """The last check of a statement; `reason` tells why there is no advice."""

    __tablename__ = "performance_advice_checks"

    fingerprint: Mapped[str] = mapped_column(String(16), primary_key=True)
    checked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    proven: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(Text)
