"""What bearers of a manage link do: look at their booking, and cancel what they were quoted."""

from collections.abc import Collection

from falconbus.bookings import service as bookings
from falconbus.bookings.errors import BookingNotFound
from falconbus.bookings.permissions import MANAGED_BOOKING
from falconbus.bookings.read_model import BookingDetails
from falconbus.checkout import cancelling
from falconbus.payments import service as payments
from falconbus.platform.kit import references
from falconbus.platform.web.identity import Identity
from falconbus.site import policy
from falconbus.site.errors import QuoteChanged


def identify(reference: str, token: str) -> Identity:
    """The bearer of this booking's manage token; BookingNotFound, whatever is wrong with the token or the reference."""
    identity = bookings.load_identity(token)
    if identity is None or identity.managed_reference(MANAGED_BOOKING) != references.read_reference(reference):
        raise BookingNotFound
    return identity


def is_paying(booking: BookingDetails) -> bool:
    """Whether a payment is under way that can still confirm the booking, and that cancelling has to wait for."""
    return policy.may_be_paying(booking) and payments.is_being_paid(booking.id)


def cancel_as_shown(
    reference: str, passengers: Collection[int], identity: Identity, shown: tuple[int, int] | None
) -> BookingDetails:
    """Cancel the passengers if it comes to the refund and fee that were shown; else QuoteChanged, and nothing happens.

    The sums are compared after the fact, for the clock goes on while we count: raising undoes the transaction.
    Raises what cancelling raises, too.
    """
    if shown is None or not passengers:
        raise QuoteChanged(passengers)
    cancelling.quote(reference, passengers, identity, None)
    before = bookings.get_visible(reference, identity, None)
    after = cancelling.cancel(reference, passengers, identity, None)
    if (after.refund_amount - before.refund_amount, after.fee_amount - before.fee_amount) != shown:
        raise QuoteChanged(passengers)
    return after
