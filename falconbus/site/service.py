"""What bearers of a manage link may see of their booking."""

from falconbus.bookings import service as bookings
from falconbus.bookings.errors import BookingNotFound
from falconbus.bookings.permissions import MANAGED_BOOKING
from falconbus.bookings.read_model import BookingDetails
from falconbus.payments import service as payments
from falconbus.platform.kit import references
from falconbus.platform.web.identity import Identity
from falconbus.site import policy


def identify(reference: str, token: str) -> Identity:
    """The bearer of this booking's manage token; BookingNotFound, whatever is wrong with the token or the reference."""
    identity = bookings.load_identity(token)
    if identity is None or identity.managed_reference(MANAGED_BOOKING) != references.read_reference(reference):
        raise BookingNotFound
    return identity


def is_paying(booking: BookingDetails) -> bool:
    """Whether a payment is under way that can still confirm the booking, and that cancelling has to wait for."""
    return policy.may_be_paying(booking) and payments.is_being_paid(booking.id)
