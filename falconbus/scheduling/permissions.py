"""Permissions on charters, staff and crews, and the roles that have them."""

from falconbus.accounts.models import Role
from falconbus.accounts.permissions import ADMINS, EVERYBODY, STAFF, Grants
from falconbus.platform.web.permissions import Permission

#: The kind of thing that a charter's manage token is for (Identity.managed).
MANAGED_CHARTER = "charter"

OWN_APPOINTMENTS = Permission("own_appointments")
OWN_DUTIES = Permission("own_duties")
DISPATCH = Permission("dispatch")
SEE_STAFF = Permission("see_staff")
CHANGE_STAFF = Permission("change_staff")
MANAGE_STAFF = Permission("manage_staff")

GRANTS: Grants = {
    OWN_APPOINTMENTS: EVERYBODY,
    OWN_DUTIES: STAFF,
    DISPATCH: frozenset({Role.OPERATOR}),
    SEE_STAFF: frozenset({Role.OPERATOR}),
    CHANGE_STAFF: frozenset({Role.OPERATOR}),
    MANAGE_STAFF: ADMINS,
}
