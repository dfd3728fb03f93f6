"""Why a payment does not go through."""

from falconbus.platform.kit.errors import DomainError, Invalid, NotFound


class UnknownProvider(Invalid):
    code = "unknown_provider"
    title = "There is no such payment provider"


class StaffOnly(DomainError):
    status = 403
    code = "staff_only"
    title = "Only staff may take such payments"


class PaymentDeclined(DomainError):
    status = 402
    code = "payment_declined"
    title = "The payment was declined; the seats are still held, try another way to pay"
    recorded = True


class ProviderFailed(DomainError):
    status = 502
    code = "provider_failed"
    title = "The payment provider could not be reached; the seats are still held, try again or another way to pay"


class PaymentInProgress(DomainError):
    code = "payment_in_progress"
    title = "A payment for this booking is under way; wait for its outcome"


class PaymentReturned(DomainError):
    code = "payment_returned"
    title = "The seats were gone when the payment came; the money goes back"
    recorded = True


class PaidTwice(PaymentReturned):
    code = "paid_twice"
    title = "The booking had been paid already; the second payment goes back"


class PaidAfterDeparture(PaymentReturned):
    code = "paid_after_departure"
    title = "The coach had left when the payment came; the money goes back"


class PaidAfterWithdrawal(PaymentReturned):
    code = "paid_after_withdrawal"
    title = "The departure was not on sale any more when the payment came; the money goes back"


class PaidAfterCancelling(PaymentReturned):
    code = "paid_after_cancelling"
    title = "The booking had been cancelled when the payment came; the money goes back"


class PaidWrongAmount(PaymentReturned):
    code = "paid_wrong_amount"
    title = "What was paid is not what the booking costs; the money goes back, the booking is not paid"


class PaymentNotFound(NotFound):
    code = "payment_not_found"
    title = "There is no such payment"


class RefundNotFound(NotFound):
    code = "refund_not_found"
    title = "There is no such refund"


class RefundOver(DomainError):
    code = "refund_over"
    title = "The refund is past the state in which that can be done"


class PaidByHand(DomainError):
    code = "paid_by_hand"
    title = "Nobody can be asked to give this money back; pay it out by hand"
