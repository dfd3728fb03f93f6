"""Who may do what, as a table; a change of it shows here."""

import pytest

from falconbus.accounts import policy
from falconbus.accounts.errors import BadEmail, PasswordTooShort
from falconbus.accounts.models import Role
from falconbus.accounts.permissions import OWN_BOOKINGS, permissions_of
from falconbus.app import FalconBus
from falconbus.platform.web.declarations import operation_of
from falconbus.platform.web.permissions import Permission
from falconbus.registry import FEATURES
from falconbus.scheduling.permissions import OWN_APPOINTMENTS

# What features grant is told to accounts when the app is made.
pytestmark = pytest.mark.usefixtures("migrated_app")


def test_every_role_has_its_permissions_and_everybodys() -> None:
    for role in Role:
        assert OWN_BOOKINGS in permissions_of([role])


EVERY_ROLE = {Role.ADMIN, Role.OPERATOR, Role.AGENT, Role.DRIVER, Role.ATTENDANT}
#: Every permission and who has it, besides travellers.
TABLE = {
    "own_bookings": EVERY_ROLE,
    "see_bookings": {Role.ADMIN, Role.OPERATOR, Role.AGENT},
    "change_bookings": {Role.ADMIN, Role.OPERATOR, Role.AGENT},
    "cancel_departures": {Role.ADMIN, Role.OPERATOR},
    "waive_fees": {Role.ADMIN, Role.OPERATOR},
    "take_counter_payments": {Role.ADMIN, Role.OPERATOR, Role.AGENT},
    "see_network": EVERY_ROLE,
    "change_network": {Role.ADMIN, Role.OPERATOR},
    "change_brand": {Role.ADMIN},
    "import_feeds": {Role.ADMIN, Role.OPERATOR},
    "own_appointments": EVERY_ROLE,
    "own_duties": EVERY_ROLE,
    "dispatch": {Role.ADMIN, Role.OPERATOR},
    "see_staff": {Role.ADMIN, Role.OPERATOR},
    "change_staff": {Role.ADMIN, Role.OPERATOR},
    "manage_staff": {Role.ADMIN},
    "see_performance": {Role.ADMIN},
    "tend_performance": {Role.ADMIN},
}


def test_each_permission_is_given_to_these_roles_and_no_other() -> None:
    everything = permissions_of([Role.ADMIN])
    given = {
        str(permission): {role for role in Role if permission in permissions_of([role])} for permission in everything
    }
    assert given == TABLE, "a permission stands in its feature's permissions.py and in this table"


def test_a_permission_is_granted_by_one_feature() -> None:
    granted = [permission for feature in FEATURES for permission in feature.grants]
    assert sorted(granted) == sorted(set(granted))


def test_every_view_takes_a_permission_that_somebody_has(migrated_app: FalconBus) -> None:
    declared = [operation_of(view) for view in migrated_app.view_functions.values()]
    taken = {each.who for each in declared if each is not None and isinstance(each.who, Permission)}
    assert taken <= permissions_of([Role.ADMIN])


def test_a_traveller_has_their_own_bookings_and_charters_and_nothing_else() -> None:
    assert permissions_of([]) == {OWN_BOOKINGS, OWN_APPOINTMENTS}


def test_roles_add_up() -> None:
    both = permissions_of([Role.DRIVER, Role.AGENT])
    assert both == permissions_of([Role.DRIVER]) | permissions_of([Role.AGENT])


def test_an_e_mail_is_kept_in_lower_case() -> None:
    assert policy.normalize_email(" Thandi.N@Example.COM ") == "thandi.n@example.com"


@pytest.mark.parametrize(
    "text", ["", "thandi", "thandi@", "@example.com", "a b@example.com", "a@localhost", "a@b\n.co"]
)
def test_what_is_no_e_mail_is_refused(text: str) -> None:
    with pytest.raises(BadEmail):
        policy.normalize_email(text)


def test_a_password_has_12_characters() -> None:
    policy.check_password("x" * 12)
    with pytest.raises(PasswordTooShort):
        policy.check_password("x" * 11)
