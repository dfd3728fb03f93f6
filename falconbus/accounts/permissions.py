"""The permissions of each role: granted by the features, cached per set of roles."""

from collections.abc import Iterable, Mapping
from functools import cache
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

_granted: dict[Permission, frozenset[Role | None]] = {}


def grant(grants: Grants) -> None:
    """Grant permissions to roles; called once for each feature when the app is made."""
    _granted.update(grants)
    _permissions_of.cache_clear()


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """Return all permissions of an account with these roles; without roles those of a traveller."""
    return _permissions_of(frozenset(Role(role) for role in roles))


@cache
def _permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    if Role.ADMIN in roles:
        return frozenset(_granted)
    return frozenset(permission for permission, allowed in _granted.items() if None in allowed or allowed & roles)
