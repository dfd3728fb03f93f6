"""Demo data of charters: staff and services."""

from datetime import timedelta

from sqlalchemy import select

from falconbus.accounts import service as accounts
from falconbus.accounts.models import Role
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.scheduling.catalogue.models import Service
from falconbus.scheduling.staff_records.models import Licence

_PEOPLE = (
    ("sipho@falconbus.example", "Sipho Dlamini", Role.DRIVER),
    ("zanele@falconbus.example", "Zanele Mokoena", Role.DRIVER),
    ("lerato@falconbus.example", "Lerato Khumalo", Role.ATTENDANT),
)
#: Name, minutes, price in the smallest unit.
_SERVICES = (
    ("Coach and driver, half a day", 240, 480_000),
    ("Coach and driver, a day", 540, 920_000),
    ("Attendant on board", 0, 95_000),
    ("Luggage trailer", 0, 60_000),
)


def load() -> None:
    """Create two drivers, an attendant (with unknown passwords) and services, unless there are services already."""
    if db.session.scalar(select(Service.id).limit(1)) is not None:
        return
    expires_on = (clock.now() + timedelta(days=730)).date()
    for email, name, role in _PEOPLE:
        person = accounts.create_user(email, None, [role], name)
        if role == Role.DRIVER:
            db.session.add(Licence(staff_id=person.id, kind="PrDP", number=f"DEMO-{person.id}", expires_on=expires_on))
    currency = get_settings().currency
    for name, minutes, price in _SERVICES:
        db.session.add(Service(name=name, duration_minutes=minutes, price=price, currency=currency))
    db.session.flush()
