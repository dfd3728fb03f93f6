"""Sessions: a signed cookie with the ids of the account and the session, and a record in Redis.

The record is what a sign-out deletes; roles, and whether the account is open, are read from PostgreSQL each time.
While Redis is away a young cookie is enough for requests that only read, so that pages still work.
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
from falconbus.accounts.permissions import permissions_of
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Identity, SessionsUnavailable

#: A session ends after this time without a request, and after LIFETIME in any case.
IDLE = timedelta(days=14)
LIFETIME = timedelta(days=90)
#: The time of the last request is written at most this often.
SEEN_INTERVAL = timedelta(minutes=1)
#: The age up to which a cookie is trusted while Redis is away.
TRUSTED_WITHOUT_RECORD = timedelta(hours=12)
#: Seconds.
_REDIS_TIMEOUT = 0.25


@dataclass(frozen=True, slots=True)
class Session:
    """The content of a cookie whose signature is valid; `key` is the hash of the session id, which is not stored."""

    user_id: int
    key: str
    signed_at: datetime


def begin(user_id: int) -> str:
    """Create a session and return its cookie; SessionsUnavailable."""
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
    """Return the content of a valid cookie, or None; whether the session has ended is not checked."""
    try:
        text, signed_at = _signer().unsign(cookie, max_age=int(LIFETIME.total_seconds()), return_timestamp=True)
    except BadSignature:
        return None
    user_id, _, _ = text.decode().partition(".")
    return Session(int(user_id), _hash_session(text.decode()), signed_at.replace(tzinfo=UTC))


def load_identity(cookie: str, *, reading: bool) -> Identity | None:
    """Return the identity of a session, or None when it has ended.

    SessionsUnavailable when Redis is away and the request writes (`reading` is False).
    """
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
    """End a session; SessionsUnavailable."""
    try:
        with _redis().pipeline() as pipeline:
            pipeline.delete(_session_key(session.key))
            pipeline.srem(_user_sessions_key(session.user_id), session.key)
            pipeline.execute()
    except RedisError as fault:
        raise SessionsUnavailable from fault


def end_all(user_id: int) -> None:
    """End all sessions of an account; RedisError."""
    client = _redis()
    keys: set[bytes] = client.smembers(_user_sessions_key(user_id))  # type: ignore[assignment]
    client.delete(_user_sessions_key(user_id), *(_session_key(key.decode()) for key in keys))


def _refresh(session: Session) -> datetime | None:
    """Return when a session began and postpone its end; None when it has ended."""
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
    """Return the durable Redis client with short timeouts, created at the first use."""
    client: Redis | None = current_app.extensions.get("session_redis")
    if client is None:
        client = current_app.extensions["session_redis"] = Redis.from_url(
            get_settings().redis_url,
            socket_timeout=_REDIS_TIMEOUT,
            socket_connect_timeout=_REDIS_TIMEOUT,
            # A dead connection is replaced at once; a slow one is not waited for twice.
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
