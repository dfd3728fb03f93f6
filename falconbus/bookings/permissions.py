"""Permissions on other people's bookings, and the roles that have them."""

from falconbus.accounts.models import Role
from falconbus.accounts.permissions import Grants
from falconbus.platform.web.permissions import Permission

#: The kind of object that a booking's manage token gives access to (Identity.managed).
MANAGED_BOOKING = "booking"

SEE_BOOKINGS = Permission("see_bookings")
CHANGE_BOOKINGS = Permission("change_bookings")

GRANTS: Grants = {
    SEE_BOOKINGS: frozenset({Role.OPERATOR, Role.AGENT}),
    CHANGE_BOOKINGS: frozenset({Role.OPERATOR, Role.AGENT}),
}
