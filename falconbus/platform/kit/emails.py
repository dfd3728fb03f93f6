"""E-mail addresses, in one form wherever they are kept or looked for."""

from email_validator import EmailNotValidError, validate_email


def parse_email(text: str) -> str:
    """Return an address as it is kept: lower case, its domain in its own letters (`bücher.example`); ValueError.

    The syntax is checked, not whether its host accepts mail.
    """
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise ValueError("is not an e-mail address such as thandi@example.com") from None


def hidden_address(address: str) -> str:
    """Return an address for who may not know it whole: `t…@example.com`."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}…@{domain}"


def email_to_find(text: str) -> str:
    """Return the form in which an address would be kept; what is none stays as it is, and is found nowhere."""
    try:
        return parse_email(text)
    except ValueError:
        return text.strip().lower()
