"""What an e-mail and a password must be."""

from email_validator import EmailNotValidError, validate_email

from falconbus.accounts.errors import BadEmail, PasswordTooShort

MIN_PASSWORD_LENGTH = 12


def normalize_email(text: str) -> str:
    """An e-mail as it is stored, in lower case; whether its host takes mail is not asked. BadEmail says why not."""
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as fault:
        raise BadEmail(f"not an e-mail address: {fault}") from None


def check_password(password: str) -> None:
    """Length is the one rule (NIST SP 800-63B, 3.1.1.2): rules of composition make passwords worse."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise PasswordTooShort
