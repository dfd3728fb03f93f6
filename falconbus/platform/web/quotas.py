"""Quotas: how often who may call. A request is counted under that of its operation and that of its caller."""

from typing import NamedTuple

from flask import current_app, request

from config import Settings
from falconbus.platform.caching.response_cache import REFILL
from falconbus.platform.kit import references
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.web import api_keys, identity
from falconbus.platform.web.clients import client_of, present_client
from falconbus.platform.web.declarations import Operation, operation_of
from falconbus.platform.web.identity import ANONYMOUS, Identity, Unauthenticated

_READING = frozenset({"GET", "HEAD"})
#: An API key does not buy guesses at passwords.
_DESPITE_KEY = frozenset({"ratelimit_sign_in"})


class Quota(NamedTuple):
    """How often (`rate`, in the notation of the settings) one caller (`who`) may do one kind of thing (`name`)."""

    name: str
    rate: str
    who: str


def quotas_of_request() -> list[Quota]:
    """Return what the present request is counted under: API calls and form posts, not pages, files or preflights."""
    if request.endpoint is None or request.method == "OPTIONS" or REFILL in request.environ:
        return []
    if not request.path.startswith("/api/") and request.method != "POST":
        return []
    settings: Settings = current_app.config["SETTINGS"]
    declared = operation_of(current_app.view_functions[request.endpoint])
    who = f"address:{present_client()}"
    quotas = []
    with_key = api_keys.HEADER in request.headers
    if declared is not None and (not with_key or declared.limit in _DESPITE_KEY):
        quotas += _of_operation(declared, settings, who)
    # A key takes the place of what an operation permits to each address: so it counts everywhere, right or wrong.
    if declared is None or declared.counted or with_key:
        quotas.append(_of_caller(declared, settings, who))
    return quotas


def quotas_of_anybody(declared: Operation, settings: Settings, address: str) -> list[Quota]:
    """Return the same for a GET below `/api/` that shows neither who sends it nor a key."""
    who = f"address:{client_of(address)}"
    quotas = _of_operation(declared, settings, who)
    if declared.counted:
        quotas.append(Quota("reads", settings.ratelimit_reads, who))
    return quotas


def _of_operation(declared: Operation, settings: Settings, who: str) -> list[Quota]:
    setting = declared.limit
    return [] if setting is None else [Quota(setting.removeprefix("ratelimit_"), getattr(settings, setting), who)]


def _of_caller(declared: Operation | None, settings: Settings, who: str) -> Quota:
    try:
        key, caller = api_keys.present_key(), _caller()
    except Unauthenticated:
        return Quota("writes", settings.ratelimit_anonymous, who)
    if key is not None and not _is_guess(declared):
        return Quota("key", key.rate or settings.ratelimit_key, f"key:{key.id}")
    rate = settings.ratelimit_anonymous
    if caller.user_id is not None:
        who, rate = f"user:{caller.user_id}", settings.ratelimit_signed_in
    elif _is_about_what_it_manages(caller):
        # A link that was renewed has a count of its own: who holds the old one cannot use up the owner's.
        who = ":".join((*(caller.managed or ()), str(caller.managed_version)))
    if request.method in _READING and not _is_guess(declared):
        return Quota("reads", settings.ratelimit_reads, who)
    return Quota("writes", rate, who)


def _is_guess(declared: Operation | None) -> bool:
    """Tell whether a read shows what can be guessed: it is as scarce as a write, and so is a token that is wrong."""
    return declared is not None and declared.asks is not None and bool(declared.asks.credentials & set(request.args))


def _caller() -> Identity:
    try:
        return identity.caller()
    except Unauthenticated:
        raise
    except DomainError:
        return ANONYMOUS


def _is_about_what_it_manages(caller: Identity) -> bool:
    """Tell whether the address names what the manage token is for: of any other, the bearer is as good as anybody."""
    reference = (request.view_args or {}).get("reference", "")
    return caller.managed is not None and caller.managed[1] == references.read_reference(reference)
