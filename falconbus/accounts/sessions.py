"""Sessions of signed-in people: a signed cookie with the account's and the session's id, and a record in Redis.

The record is what ends with a sign-out; roles, and whether the account holds at all, come from PostgreSQL each time.
While Redis is away a young cookie is enough to read by, so that its absence is no failure of every page.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import current_app
from itsdangerous import BadSignature, TimestampSigner
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import RedisError
from redis.retry import Retry

from falconbus.accounts import queries
from falconbus.accounts.errors import SessionsUnavailable
from falconbus.accounts.permissions import permissions_of
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Identity

#: A session ends when it was not used for so long, and in any case after so long.
IDLE = timedelta(days=14)
LIFETIME = timedelta(days=90)
#: When a session was last seen is written at most so often.
SEEN_INTERVAL = timedelta(minutes=1)
#: How young a cookie must be to be believed without its record.
TRUSTED_WITHOUT_RECORD = timedelta(hours=12)
#: Seconds that Redis is given.
_REDIS_TIMEOUT = 0.25


@dataclass(frozen=True, slots=True)
class Session:
    """What a cookie says, its signature right; `key` is the hash of the session's id, which is not kept itself."""

    user_id: int
    key: str
    signed_at: datetime


def begin(user_id: int) -> str:
    """A new session's cookie; SessionsUnavailable."""
    text = f"{user_id}.{secrets.token_urlsafe(32)}"
    key, now = _hash_session(text), clock.now().timestamp()
    try:
        with _redis().pipeline() as pipeline:
            pipeline.hset(_session_key(key), mapping={"user": user_id, "created": now, "seen": now})
            pipeline.expire(_session_key(key), IDLE)
            pipeline.sadd(_user_sessions_key(user_id), key)
            pipeline.expire(_user_sessions_key(user_id), LIFETIME)
            pipeline.execute()
    except RedisError as fault:
        raise SessionsUnavailable from fault
    return _signer().sign(text).decode()


def read_cookie(cookie: str) -> Session | None:
    """What a cookie says, if it is ours and not too old; whether the session still holds is not asked."""
    try:
        text, signed_at = _signer().unsign(cookie, max_age=int(LIFETIME.total_seconds()), return_timestamp=True)
    except BadSignature:
        return None
    user_id, _, _ = text.decode().partition(".")
    return Session(int(user_id), _hash_session(text.decode()), signed_at.replace(tzinfo=UTC))


def load_identity(cookie: str, *, reading: bool) -> Identity | None:
    """Whose session it is; None when it does not hold. SessionsUnavailable for what writes while Redis is away."""
    session = read_cookie(cookie)
    if session is None:
        return None
    try:
        began = _refresh(session)
    except RedisError as fault:
        if not reading:
            raise SessionsUnavailable from fault
        is_young = clock.now() - session.signed_at < TRUSTED_WITHOUT_RECORD
        began = session.signed_at if is_young else None
    account = queries.find_open_account(session.user_id) if began else None
    if account is None or (account.sessions_void_before and began and began <= account.sessions_void_before):
        return None
    return Identity(
        user_id=session.user_id,
        email=account.email,
        permissions=permissions_of(account.roles),
    )


def end(session: Session) -> None:
    """The session holds no longer; SessionsUnavailable."""
    try:
        with _redis().pipeline() as pipeline:
            pipeline.delete(_session_key(session.key))
            pipeline.srem(_user_sessions_key(session.user_id), session.key)
            pipeline.execute()
    except RedisError as fault:
        raise SessionsUnavailable from fault


def end_all(user_id: int) -> None:
    """None of the account's sessions holds any longer; RedisError."""
    client = _redis()
    keys: set[bytes] = client.smembers(_user_sessions_key(user_id))  # type: ignore[assignment]
    client.delete(_user_sessions_key(user_id), *(_session_key(key.decode()) for key in keys))


def _refresh(session: Session) -> datetime | None:
    """When the session began; None when it has ended. Its end moves on as it is used."""
    client = _redis()
    record: dict[bytes, bytes] = client.hgetall(_session_key(session.key))  # type: ignore[assignment]
    if record.get(b"user") != str(session.user_id).encode():
        return None
    now, began, seen = clock.now(), _from_timestamp(record[b"created"]), _from_timestamp(record[b"seen"])
    if now - began >= LIFETIME or now - seen >= IDLE:
        return None
    if now - seen >= SEEN_INTERVAL:
        with client.pipeline() as pipeline:
            pipeline.hset(_session_key(session.key), "seen", str(now.timestamp()))
            pipeline.expire(_session_key(session.key), min(IDLE, began + LIFETIME - now))
            pipeline.execute()
    return began


def _redis() -> Redis:
    """The Redis that keeps everything, with little patience; made when the first session is looked up."""
    client: Redis | None = current_app.extensions.get("session_redis")
    if client is None:
        client = current_app.extensions["session_redis"] = Redis.from_url(
            get_settings().redis_url,
            socket_timeout=_REDIS_TIMEOUT,
            socket_connect_timeout=_REDIS_TIMEOUT,
            # A connection that died since is replaced at once; one that is slow is not waited for twice.
            retry=Retry(NoBackoff(), 1, supported_errors=(NotConnected,)),
        )
    return client


def _signer() -> TimestampSigner:
    return TimestampSigner(
        get_settings().secret_key, salt="falconbus session", key_derivation="hmac", digest_method=hashlib.sha256
    )


def _session_key(key: str) -> str:
    return f"session:{key}"


def _user_sessions_key(user_id: int) -> str:
    return f"sessions:{user_id}"


def _hash_session(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _from_timestamp(seconds: bytes) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)
