"""What may be done with charters, staff and crews, and who may."""

from falconbus.accounts.models import Role
from falconbus.accounts.permissions import ADMINS, EVERYBODY, STAFF, Grants
from falconbus.platform.web.permissions import Permission

#: The kind of thing that a charter's manage token is for (Identity.managed).
MANAGED_CHARTER = "charter"

OWN_APPOINTMENTS = Permission("ask for charters and see one's own")
OWN_DUTIES = Permission("answer for one's own duties, read one's notifications and roster")
DISPATCH = Permission("see all charters, dispatch them, crew the schedules")
SEE_STAFF = Permission("see the staff")
CHANGE_STAFF = Permission("keep licences, working hours and leave")
MANAGE_STAFF = Permission("make and close accounts of the staff, give them roles")

GRANTS: Grants = {
    OWN_APPOINTMENTS: EVERYBODY,
    OWN_DUTIES: STAFF,
    DISPATCH: frozenset({Role.OPERATOR}),
    SEE_STAFF: frozenset({Role.OPERATOR}),
    CHANGE_STAFF: frozenset({Role.OPERATOR}),
    MANAGE_STAFF: ADMINS,
}
