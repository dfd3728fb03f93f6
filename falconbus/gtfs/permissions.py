"""Permissions on feeds, and the roles that have them."""

from falconbus.accounts.models import Role
from falconbus.accounts.permissions import Grants
from falconbus.platform.web.permissions import Permission

IMPORT_FEEDS = Permission("import_feeds")

GRANTS: Grants = {
    IMPORT_FEEDS: frozenset({Role.OPERATOR}),
}
