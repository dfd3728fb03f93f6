"""People who work, and travellers, for tests."""

from datetime import timedelta

from falconbus.accounts.models import Role, User
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.scheduling.staff_records.models import Licence
from tests.accounts.signing import add_user, token_for
from tests.calls import bearer


def add_person(name: str, *roles: Role) -> User:
    """An account of this name; drivers have a licence that holds for a year."""
    user = add_user(f"{name}@falconbus.example", *roles)
    user.name = name.capitalize()
    if Role.DRIVER in roles:
        add_licence(user, days=365)
    db.session.commit()
    return user


def add_licence(user: User, *, days: int, kind: str = "PrDP") -> Licence:
    """A licence that holds for so many days from now (fewer than 0: it has expired)."""
    licence = Licence(staff_id=user.id, kind=kind, number=f"{kind}-{user.id}-{days}")
    licence.expires_on = (clock.now() + timedelta(days=days)).date()
    db.session.add(licence)
    db.session.commit()
    return licence


def headers_of(user: User) -> dict[str, str]:
    """What a request of theirs bears."""
    return bearer(token_for(user))
