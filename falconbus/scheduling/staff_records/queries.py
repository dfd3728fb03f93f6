"""Reads and locks of staff records."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from falconbus.accounts.models import User
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.scheduling.staff_records.errors import StaffNotFound
from falconbus.scheduling.staff_records.models import Leave, Licence, StaffProfile, WorkingHours


def lock_person(staff_id: int) -> User:
    """Lock and return the account of a member of the staff, to change it or its records; StaffNotFound."""
    statement = select(User).where(User.id == staff_id, User.roles != []).with_for_update(key_share=True)
    user = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if user is None:
        raise StaffNotFound
    return user


def contacts(staff_ids: Iterable[int]) -> dict[int, AnyRow]:
    """Return `id`, `name` and `phone` of members of the staff, by key."""
    statement = (
        select(User.id, User.name, StaffProfile.phone)
        .outerjoin(StaffProfile, StaffProfile.staff_id == User.id)
        .where(User.id.in_(sorted(staff_ids)))
    )
    return {row.id: row for row in db.session.execute(statement)}


def licences(staff_id: int) -> Sequence[Licence]:
    """Return a person's licences, renewed ones included: by kind, the latest first."""
    statement = select(Licence).where(Licence.staff_id == staff_id)
    return db.session.scalars(statement.order_by(Licence.kind, Licence.expires_on.desc(), Licence.id)).all()


def hours(staff_id: int) -> Sequence[WorkingHours]:
    """Return a person's weekly working hours."""
    statement = select(WorkingHours).where(WorkingHours.staff_id == staff_id)
    return db.session.scalars(statement.order_by(WorkingHours.weekday, WorkingHours.begins_minute)).all()


def leaves_to_come(staff_id: int) -> Sequence[Leave]:
    """Return a person's present and future leave."""
    today = clock.today(get_settings().time_zone)
    statement = select(Leave).where(Leave.staff_id == staff_id, Leave.last_day >= today)
    return db.session.scalars(statement.order_by(Leave.first_day, Leave.id)).all()
