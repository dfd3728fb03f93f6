"""Topics of event streams, and the permission that each needs."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from falconbus.live.stream_tokens import NOTIFICATIONS, PERFORMANCE
from falconbus.platform.kit.errors import Invalid
from falconbus.platform.web.identity import Forbidden, Identity
from falconbus.platform.web.permissions import SEE_PERFORMANCE, Permission
from falconbus.scheduling.permissions import OWN_DUTIES

#: The permission that a topic needs.
TOPIC_PERMISSIONS: Mapping[str, Permission] = MappingProxyType(
    {PERFORMANCE: SEE_PERFORMANCE, NOTIFICATIONS: OWN_DUTIES}
)


def check_topics(topics: Collection[str], identity: Identity) -> None:
    """Refuse unknown topics (Invalid) and topics that the caller may not receive (Forbidden)."""
    unknown = sorted(set(topics) - set(TOPIC_PERMISSIONS))
    if unknown or not topics:
        raise Invalid(f"the topics are {', '.join(sorted(TOPIC_PERMISSIONS))}", pointer="topic")
    if not all(identity.may(TOPIC_PERMISSIONS[topic]) for topic in topics):
        raise Forbidden
