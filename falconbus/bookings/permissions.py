"""What may be done with the bookings of others, and who may."""

from falconbus.accounts.models import Role
from falconbus.accounts.permissions import Grants
from falconbus.platform.web.permissions import Permission

#: The kind of thing that a booking's manage token is for (Identity.managed).
MANAGED_BOOKING = "booking"

SEE_BOOKINGS = Permission("see_bookings")
CHANGE_BOOKINGS = Permission("change_bookings")

GRANTS: Grants = {
    SEE_BOOKINGS: frozenset({Role.OPERATOR, Role.AGENT}),
    CHANGE_BOOKINGS: frozenset({Role.OPERATOR, Role.AGENT}),
}
