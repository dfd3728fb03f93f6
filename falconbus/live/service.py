"""Use cases of the web processes for listeners."""

from flask import current_app
from redis.exceptions import RedisError

from falconbus.live import stream_tokens, topics
from falconbus.live.errors import LiveUnavailable
from falconbus.live.performance import LiveNumbers
from falconbus.live.polling import NumbersPoller
from falconbus.platform.kit.redis_connection import cache_redis
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Identity
from falconbus.scheduling.notifications import counting


def issue_token(topic: str, identity: Identity) -> str:
    """Return a stream token for a topic; Invalid, Forbidden."""
    topics.check_topics([topic], identity)
    user_id = identity.user_id or 0
    if topic == stream_tokens.NOTIFICATIONS:
        counting.prime(user_id)
    return stream_tokens.issue_token(get_settings().secret_key, user_id, [topic])


def get_numbers() -> LiveNumbers:
    """Return the dashboard's live numbers; LiveUnavailable."""
    poller: NumbersPoller = current_app.extensions.setdefault("live_watch", NumbersPoller(cache_redis()))
    try:
        return poller.numbers()
    except RedisError as fault:
        raise LiveUnavailable from fault
