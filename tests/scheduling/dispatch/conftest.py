"""What every test of dispatching begins with."""

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests.scheduling.dispatch.office import Office


@pytest.fixture
def office(database: SQLAlchemy, client: FlaskClient) -> Office:
    """An office with its people; see office.py."""
    return Office(client)
