"""The outbox beside a real broker."""

from collections.abc import Iterator

import pytest
from flask_sqlalchemy import SQLAlchemy
from redis import Redis

from config import Settings
from falconbus.app import FalconBus
from falconbus.platform import jobs
from tests.platform.jobs.office import Office


@pytest.fixture
def office(app: FalconBus, database: SQLAlchemy) -> Iterator[Office]:
    """The outbox, its relay and the broker's Redis, which is empty."""
    settings: Settings = app.config["SETTINGS"]
    jobs.celery.conf.broker_url = settings.redis_url
    with Redis.from_url(settings.redis_url) as broker:
        broker.flushdb()
        yield Office(database, broker)
