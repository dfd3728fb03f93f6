"""Limits of the mails that somebody can cause without paying: to one recipient, and by one client.

They are counted where they are told, in the table of mails, for most are told by a sweeper long after the request. So
they need no Redis, neither fail open nor shut, and end with the caller's transaction; transactions at the same moment
may overshoot by their number. Mails that are owed have no client, are not counted and never limited.
"""

from datetime import datetime, timedelta

from limits import parse_many
from sqlalchemy import ColumnElement, func, select

from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.mailing.models import Mail, MailStatus
from falconbus.platform.web.pseudonyms import is_keyed


def find_excess(recipient: str, client: str) -> str | None:
    """Return why no more mails that this client causes go to this recipient; None while they may."""
    settings, now = get_settings(), clock.now()
    if not settings.ratelimit_enabled:
        return None
    if _is_reached(settings.ratelimit_mails_recipient, Mail.recipient == recipient, now):
        return f"too many mails to this recipient that nobody has paid for ({settings.ratelimit_mails_recipient})"
    # A site with a key is one client of many travellers: its key has a limit of what it may call.
    if not is_keyed(client) and _is_reached(settings.ratelimit_mails_client, Mail.client == client, now):
        return f"too many mails by one client that nobody has paid for ({settings.ratelimit_mails_client})"
    return None


def _is_reached(rate: str, who: ColumnElement[bool], now: datetime) -> bool:
    counted = select(func.count()).select_from(Mail).where(who, Mail.client.is_not(None))
    counted = counted.where(Mail.status != MailStatus.DROPPED)
    return any(
        (db.session.scalar(counted.where(Mail.created_at > now - timedelta(seconds=limit.get_expiry()))) or 0)
        >= limit.amount
        for limit in parse_many(rate)
    )
