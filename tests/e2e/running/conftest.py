"""One whole system for all tests of this folder, which starts once: each test brings rows of its own."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from falconbus.app import FalconBus
from falconbus.platform.database.engine import db
from tests.conftest import empty
from tests.e2e.conftest import Sink, System, eventually, smtp_sink
from tests.world import World


@dataclass
class Running:
    """The bus line that everybody here has in common."""

    system: System
    sink: Sink
    world: World


@pytest.fixture(scope="package")
def running(migrated_app: FalconBus, environment: dict[str, str]) -> Iterator[Running]:
    """Web, workers and beat, up and healthy, on this test process's own database."""
    with migrated_app.app_context(), smtp_sink() as (sink, port):
        world = World()
        system = System(environment, port)
        system.start("web", "worker", "worker-critical", "beat")
        try:
            eventually(system.is_up, 60)
            yield Running(system, sink, world)
        finally:
            system.stop()
            db.session.remove()
    empty(migrated_app)


@pytest.fixture
def system(running: Running) -> System:
    """The running processes."""
    return running.system


@pytest.fixture
def sink(running: Running) -> Sink:
    """Every mail since the system started."""
    return running.sink


@pytest.fixture
def world(running: Running) -> Iterator[World]:
    """The line; what a test adds to it stays."""
    yield running.world
    db.session.rollback()
