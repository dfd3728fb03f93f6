"""Who may do what, as a table; a change of it shows here."""

import pytest

from falconbus.accounts import policy
from falconbus.accounts.errors import BadEmail, PasswordTooShort
from falconbus.accounts.models import Role
from falconbus.accounts.permissions import OWN_BOOKINGS, permissions_of
from falconbus.bookings.permissions import CHANGE_BOOKINGS, SEE_BOOKINGS
from falconbus.gtfs.permissions import IMPORT_FEEDS
from falconbus.network.permissions import CHANGE_NETWORK, SEE_NETWORK
from falconbus.payments.permissions import TAKE_COUNTER_PAYMENTS
from falconbus.platform.web.permissions import Permission
from falconbus.scheduling.permissions import OWN_APPOINTMENTS

# What features grant is told to accounts when the app is made.
pytestmark = pytest.mark.usefixtures("migrated_app")


def test_every_role_has_its_permissions_and_everybodys() -> None:
    for role in Role:
        assert OWN_BOOKINGS in permissions_of([role])


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        (SEE_BOOKINGS, {Role.ADMIN, Role.OPERATOR, Role.AGENT}),
        (CHANGE_BOOKINGS, {Role.ADMIN, Role.OPERATOR, Role.AGENT}),
        (TAKE_COUNTER_PAYMENTS, {Role.ADMIN, Role.OPERATOR, Role.AGENT}),
        (SEE_NETWORK, set(Role)),
        (CHANGE_NETWORK, {Role.ADMIN, Role.OPERATOR}),
        (IMPORT_FEEDS, {Role.ADMIN, Role.OPERATOR}),
    ],
)
def test_a_permission_is_given_to_these_roles_and_no_other(permission: Permission, roles: set[Role]) -> None:
    assert {role for role in Role if permission in permissions_of([role])} == roles


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
