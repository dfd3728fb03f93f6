"""Rules on values: e-mail addresses, names and passwords."""

from falconbus.accounts.errors import BadEmail, BadName, PasswordTooShort
from falconbus.platform.kit.emails import parse_email
from falconbus.platform.kit.person_names import check_person_name

MIN_PASSWORD_LENGTH = 12


def normalize_email(text: str) -> str:
    """Return an e-mail address as it is kept; BadEmail."""
    try:
        return parse_email(text)
    except ValueError as fault:
        raise BadEmail(f"the e-mail {fault}") from None


def check_name(name: str) -> None:
    """Refuse a name that is an address; BadName."""
    try:
        check_person_name(name)
    except ValueError as fault:
        raise BadName(f"the name {fault}") from None


def check_password(password: str) -> None:
    """Refuse a password that is too short; PasswordTooShort.

    Length is the one rule (NIST SP 800-63B, 3.1.1.2): rules of composition make passwords worse.
    """
    if len(password) < MIN_PASSWORD_LENGTH:
        raise PasswordTooShort
