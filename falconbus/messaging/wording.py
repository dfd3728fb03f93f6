"""Words that every kind of mail prints the same way."""

from email.utils import parseaddr

from config import Settings


def operator_name(settings: Settings) -> str:
    """Return who runs the buses, as mails are signed."""
    return parseaddr(settings.mail_from)[0] or "FalconBus"


def one_line(words: str) -> str:
    """Put words on one line: names from feeds may hold line breaks, a subject line or a ticket may not."""
    return " ".join(words.split())
