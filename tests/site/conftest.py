"""The pages, until the registry names them."""

from collections.abc import Iterator

import pytest

from config import Settings
from falconbus import release
from falconbus.app import FalconBus, create_app
from falconbus.extensions import db
from falconbus.site.views import bp
from tests.conftest import Caller


@pytest.fixture(scope="session")
def migrated_app(migrated_app: FalconBus, environment: dict[str, str]) -> Iterator[FalconBus]:
    """An app like everybody's, with the pages."""
    app = create_app(Settings.from_environment(environment))
    release.install(app)
    app.testing = True
    app.test_client_class = Caller
    if bp.name not in app.blueprints:
        app.register_blueprint(bp)
    yield app
    with app.app_context():
        db.engine.dispose()
