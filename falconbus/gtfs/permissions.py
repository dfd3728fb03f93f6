"""What may be done with feeds, and who may."""

from falconbus.accounts.models import Role
from falconbus.accounts.permissions import Grants
from falconbus.platform.web.permissions import Permission

IMPORT_FEEDS = Permission("import_feeds")

GRANTS: Grants = {
    IMPORT_FEEDS: frozenset({Role.OPERATOR}),
}
