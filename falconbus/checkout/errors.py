"""Why a cancellation is not carried out, or a mail not sent again."""

from falconbus.bookings.service import Cancellation
from falconbus.platform.kit import money
from falconbus.platform.kit.errors import DomainError


class QuoteChanged(DomainError):
    """Cancelling would come to something else than the caller expects; the problem document bears the new `quote`."""

    code = "quote_changed"
    title = "What comes back has changed; look at the new amount first"

    def __init__(self, quote: Cancellation) -> None:
        super().__init__()
        currency = quote.currency
        refund, fee = money.to_text(quote.refund, currency), money.to_text(quote.fee, currency)
        self.extension = {"quote": {"refund": refund, "fee": fee, "currency": currency}}


class NothingToSend(DomainError):
    code = "nothing_to_send"
    title = "The mail tells of what no longer holds, or of what nobody has paid for"


class SentTooOften(DomainError):
    code = "sent_too_often"
    title = "Mails of this booking were sent as often as travellers may have them sent; ask the operator"
