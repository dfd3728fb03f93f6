"""What the metrics show of refunds: those that are not paid yet, and how long the oldest has waited."""

from falconbus.payments import refunds
from falconbus.platform.kit import clock
from falconbus.platform.telemetry.gauges import gauge


@gauge("refunds", "Refunds that are not paid: due by hand, pending at their provider, failed", label="state")
def _numbers() -> dict[str, float]:
    return {unpaid.status: unpaid.number for unpaid in refunds.count_open()}


@gauge("oldest_refund_seconds", "How long the oldest refund that is not paid has waited", label="state")
def _ages() -> dict[str, float]:
    now = clock.now()
    return {
        unpaid.status: (now - unpaid.oldest).total_seconds() if unpaid.oldest else 0 for unpaid in refunds.count_open()
    }
