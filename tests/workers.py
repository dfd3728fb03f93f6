"""Signs of life of workers, as they leave them on the broker."""

from redis import Redis

from falconbus.platform.kit.settings import get_settings
from falconbus.platform.telemetry.heartbeat import Heartbeat


def a_worker_lives(name: str = "critical@here") -> None:
    """Leave the sign of life of a worker that is alive now."""
    with Redis.from_url(get_settings().redis_url) as broker:
        Heartbeat(broker, name).beat()
