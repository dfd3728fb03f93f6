"""Fixtures of the tests of sessions."""

from collections.abc import Iterator

import pytest
from redis import Redis

from falconbus.accounts import service
from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.platform.database import transactions
from tests.accounts.browsing import EMAIL, PASSWORD


@pytest.fixture
def sessions(app: FalconBus, environment: dict[str, str]) -> Iterator[Redis]:
    """An admin who can sign in, and the Redis of the sessions; another one's session is always there."""
    redis = Redis.from_url(environment["REDIS_URL"])
    with app.app_context():
        transactions.run(lambda: service.create_user("other@example.com", PASSWORD, [Role.DRIVER], "Other"))
        transactions.run(lambda: service.create_user(EMAIL, PASSWORD, [Role.ADMIN], "Thandi"))
        service.begin_session("other@example.com", PASSWORD, None)
    yield redis
    for pattern in ("session:*", "sessions:*"):
        for key in redis.scan_iter(pattern):
            redis.delete(key)
    redis.close()
    if (client := app.extensions.pop("session_redis", None)) is not None:
        client.close()
