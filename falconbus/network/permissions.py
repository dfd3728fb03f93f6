"""Permissions on the network, and the roles that have them."""

from falconbus.accounts.models import Role
from falconbus.accounts.permissions import ADMINS, STAFF, Grants
from falconbus.platform.web.permissions import Permission

SEE_NETWORK = Permission("see_network")
CHANGE_NETWORK = Permission("change_network")
CHANGE_BRAND = Permission("change_brand")

GRANTS: Grants = {
    SEE_NETWORK: STAFF,
    CHANGE_NETWORK: frozenset({Role.OPERATOR}),
    CHANGE_BRAND: ADMINS,
}
