"""Who may be kinder than the terms."""

from falconbus.accounts.models import Role
from falconbus.accounts.permissions import Grants
from falconbus.platform.web.permissions import Permission

#: Give everything back of a ticket that its terms would keep, also after the coach has left.
WAIVE_FEES = Permission("waive_fees")

GRANTS: Grants = {WAIVE_FEES: frozenset({Role.OPERATOR})}
