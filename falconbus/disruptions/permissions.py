"""Who may take back what was sold."""

from falconbus.accounts.models import Role
from falconbus.accounts.permissions import Grants
from falconbus.platform.web.permissions import Permission

CANCEL_DEPARTURES = Permission("cancel_departures")

GRANTS: Grants = {CANCEL_DEPARTURES: frozenset({Role.OPERATOR})}
