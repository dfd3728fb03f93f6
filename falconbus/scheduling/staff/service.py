"""Use cases of the staff's accounts."""

from collections.abc import Sequence
from typing import Any

from falconbus.accounts import service as accounts
from falconbus.accounts.models import Role, User
from falconbus.accounts.service import NewUser
from falconbus.scheduling.staff import queries
from falconbus.scheduling.staff.errors import HasDuties, OwnAccess
from falconbus.scheduling.staff_records import queries as record_queries
from falconbus.scheduling.staff_records import service as records


def create(email: str, name: str, roles: Sequence[Role], phone: str | None) -> NewUser:
    """Create an account for a member of the staff, with a password for the first sign-in; BadEmail, EmailTaken."""
    user = accounts.create_user(email, None, roles, name)
    if phone is not None:
        records.set_phone(user.id, phone)
    return user


def change(staff_id: int, changes: dict[str, Any], *, by_id: int | None) -> None:
    """Change `name`, `roles`, `phone` or `active` of a member of the staff.

    StaffNotFound; OwnAccess and LastAdmin, so that an admin always remains to undo it; HasDuties.
    """
    user = record_queries.lock_person(staff_id)
    values = dict(changes)
    if "phone" in values:
        records.set_phone(user.id, values.pop("phone"))
    _check_access_stays(user, values, by_id)
    _check_duties_stay(user, values)
    accounts.change_user(user, **values)


def _check_access_stays(user: User, changes: dict[str, Any], by_id: int | None) -> None:
    loses_admin = Role.ADMIN in user.roles and Role.ADMIN not in changes.get("roles", user.roles)
    if user.id == by_id and (loses_admin or not changes.get("active", True)):
        raise OwnAccess


def _check_duties_stay(user: User, changes: dict[str, Any]) -> None:
    """Raise HasDuties when somebody loses a role, or the account, that accepted duties to come need."""
    roles = changes.get("roles", user.roles)
    closes = user.active and not changes.get("active", True)
    if not closes and set(user.roles) <= set(roles):
        return
    number = queries.count_duties_to_come(user.id, kept=[] if closes else roles)
    if number:
        duties = "1 accepted duty" if number == 1 else f"{number} accepted duties"
        raise HasDuties(f"{user.name} has {duties} to come; find somebody else for them first")
