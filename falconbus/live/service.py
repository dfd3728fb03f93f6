"""What the web process does for those who want to be told."""

from flask import current_app
from redis.exceptions import RedisError

from falconbus.live import tickets, topics
from falconbus.live.errors import LiveUnavailable
from falconbus.live.performance import LiveNumbers
from falconbus.live.watching import Watch
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.notifications import counting


def give_ticket(topic: str, identity: Identity) -> str:
    """A ticket to listen to a topic; Invalid, Forbidden."""
    topics.check_topics([topic], identity)
    user_id = identity.user_id or 0
    if topic == tickets.NOTIFICATIONS:
        counting.prime(user_id)
    return tickets.write(get_settings().secret_key, user_id, [topic])


def get_numbers() -> LiveNumbers:
    """The dashboard's live numbers; LiveUnavailable."""
    watch: Watch = current_app.extensions.setdefault("live_watch", Watch(cache_redis()))
    try:
        return watch.numbers()
    except RedisError as fault:
        raise LiveUnavailable from fault
