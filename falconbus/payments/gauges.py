"""What the metrics show of money under way: payments of unknown outcome, and refunds that are not paid yet."""

from falconbus.payments import refunds, service
from falconbus.platform.kit import clock
from falconbus.platform.telemetry.gauges import gauge


@gauge("unsettled_payments", "Payments whose outcome is not known yet", label="state")
def _unsettled() -> dict[str, float]:
    return service.count_unsettled()


@gauge("refunds", "Refunds that are not paid: due by hand, pending at their provider, failed", label="state")
def _numbers() -> dict[str, float]:
    return {unpaid.status: unpaid.number for unpaid in refunds.count_open()}


@gauge("oldest_refund_seconds", "How long the oldest refund that is not paid has waited", label="state")
def _ages() -> dict[str, float]:
    now = clock.now()
    return {
        unpaid.status: (now - unpaid.oldest).total_seconds() if unpaid.oldest else 0 for unpaid in refunds.count_open()
    }
