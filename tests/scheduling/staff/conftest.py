"""Somebody who may do everything with the staff, and people beside them."""

import pytest
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role, User
from tests.scheduling.people import add_person, headers_of

STAFF = "/api/v1/scheduling/staff"


@pytest.fixture
def admin(database: SQLAlchemy) -> User:
    """An admin; travellers and a closed account are beside."""
    add_person("lerato")
    add_person("zanele", Role.ATTENDANT).active = False
    database.session.commit()
    return add_person("aziza", Role.ADMIN)


@pytest.fixture
def headers(admin: User) -> dict[str, str]:
    return headers_of(admin)
