"""Which roles may do what: how features say it, and what every account may do."""

from collections.abc import Mapping
from typing import TypeAlias

from falconbus.accounts.models import Role
from falconbus.platform.web.permissions import SEE_PERFORMANCE, TEND_PERFORMANCE, Permission

#: Everybody who has a role; admins need not be named, for they may do everything.
STAFF: frozenset[Role | None] = frozenset(Role)
#: Travellers' accounts too, which have no role.
EVERYBODY: frozenset[Role | None] = STAFF | {None}
ADMINS: frozenset[Role | None] = frozenset({Role.ADMIN})

#: Who may do what.
Grants: TypeAlias = Mapping[Permission, frozenset[Role | None]]

OWN_BOOKINGS = Permission("own_bookings")

GRANTS: Grants = {OWN_BOOKINGS: EVERYBODY, SEE_PERFORMANCE: ADMINS, TEND_PERFORMANCE: ADMINS}
