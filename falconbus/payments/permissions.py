"""What may be done with money, and who may."""

from falconbus.accounts.models import Role
from falconbus.accounts.permissions import Grants
from falconbus.platform.web.permissions import Permission

TAKE_COUNTER_PAYMENTS = Permission("take_counter_payments")

GRANTS: Grants = {
    TAKE_COUNTER_PAYMENTS: frozenset({Role.OPERATOR, Role.AGENT}),
}
