"""Signing in is limited by account, too: from many addresses passwords are guessed no faster than from one."""

import hashlib

from falconbus.accounts import policy
from falconbus.accounts.errors import BadEmail
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web import limits
from falconbus.platform.web.quotas import Quota


def count_try(email: str) -> None:
    """Count a try to sign in, whether or not there is such an account, under RATELIMIT_ACCOUNT; RateLimited."""
    try:
        account = policy.normalize_email(email)
    except BadEmail:
        account = email.strip().lower()
    # Addresses of mail have no business in the store of limits.
    who = hashlib.sha256(account.encode()).hexdigest()[:32]
    limits.count(Quota("account", get_settings().ratelimit_account, who))
