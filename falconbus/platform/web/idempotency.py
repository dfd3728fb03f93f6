"""Idempotency-Key: the key, its request and its response are one row, committed with the effect."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, g, make_response, request
from sqlalchemy import DateTime, LargeBinary, SmallInteger, String, Table, bindparam, insert, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model, db
from falconbus.platform.kit import clock
from falconbus.platform.kit.errors import Contended, DomainError, Invalid
from falconbus.platform.web import identity, problems
from falconbus.platform.web.declarations import Secrets
from falconbus.platform.web.secret_fields import leave_out, put_back

View = TypeVar("View", bound=Callable[..., Any])

KEPT_FOR = timedelta(days=2)
_MIN_LENGTH, _MAX_LENGTH = 16, 255


class IdempotencyKey(Model):
    """The first response to a request, less its secrets, to be replayed when it is sent again."""

    __tablename__ = "idempotency_keys"

    caller: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(SmallInteger)
    content_type: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


@dataclass(frozen=True, slots=True)
class ClaimedKey:
    """The key of the present request: `digest` of caller and key, and the hash of what was asked with it.

    For a use case of several transactions, whose effect a crash must not part from its key.
    """

    digest: str
    request_hash: str


class BadIdempotencyKey(DomainError):
    status = 400
    code = "bad_idempotency_key"
    title = "Idempotency-Key must have 16 to 255 printable characters"


class IdempotencyKeyReused(Invalid):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key came with another request before; make a new key for a new request"


class RequestInProgress(DomainError):
    code = "request_in_progress"
    title = "A request with this Idempotency-Key is being answered right now; try again in a moment"


# The look-up comes second in the select list but has the statement's snapshot, taken before the lock: a twin that
# commits in between is caught by the primary key when our own row is written, and the transaction runs again.
_LOCK_AND_FIND = text("""
    SELECT lock.taken, k.request_hash, k.status, k.content_type, k.body
    FROM (SELECT pg_try_advisory_xact_lock(:lock_id) AS taken) lock
    LEFT JOIN idempotency_keys k ON k.caller = :caller AND k.key = :key
""")
# The table, not the entity: the ORM would look for entities to refresh.
_insert = insert(cast(Table, IdempotencyKey.__table__))
_TRIM = text("DELETE FROM idempotency_keys WHERE created_at < :before").bindparams(bindparam("before"))


def replaying(view: View, secrets: Secrets) -> View:
    """Answer a repeated `Idempotency-Key` with the first answer, whose secrets are not kept but made again."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(*args, **kwargs)
        caller = identity.caller_key()
        digest = _request_hash()
        replay = _claim_or_replay(caller, key, digest)
        if replay is not None:
            replay.set_data(put_back(replay.get_data(), secrets))
            return replay
        g.claimed_key = ClaimedKey(_scope(caller, key).hex(), digest)
        try:
            response = make_response(view(*args, **kwargs))
        except DomainError as refusal:
            if refusal.recorded:
                _store(caller, key, digest, problems.response_of(refusal), secrets)
            raise
        _store(caller, key, digest, response, secrets)
        return response

    return cast(View, wrapper)


def claimed_key() -> ClaimedKey | None:
    """Return the key that the present request has claimed; None when it came without one."""
    key: ClaimedKey | None = g.get("claimed_key")
    return key


def trim() -> None:
    """Delete keys after two days."""
    db.session.execute(_TRIM, {"before": clock.now() - KEPT_FOR})


def _claim_or_replay(caller: str, key: str, digest: str) -> Response | None:
    """Claim the key for this transaction; return the stored response when there is one."""
    if not (_MIN_LENGTH <= len(key) <= _MAX_LENGTH and key.isascii() and key.isprintable()):
        raise BadIdempotencyKey
    lock_id = int.from_bytes(_scope(caller, key)[:8], signed=True)
    row = db.session.execute(_LOCK_AND_FIND, {"lock_id": lock_id, "caller": caller, "key": key}).one()
    if row.request_hash is not None:
        if row.request_hash != digest:
            raise IdempotencyKeyReused
        response = Response(row.body, status=row.status, content_type=row.content_type)
        response.headers["Idempotency-Replayed"] = "true"
        return response
    if not row.taken:
        raise RequestInProgress
    return None


def _store(caller: str, key: str, digest: str, response: Response, secrets: Secrets) -> None:
    row = {
        "caller": caller,
        "key": key,
        "request_hash": digest,
        "status": response.status_code,
        "content_type": response.content_type,
        "body": leave_out(response.get_data(), secrets),
        "created_at": clock.now(),
    }
    try:
        db.session.execute(_insert, row)
    except IntegrityError:
        raise Contended(RequestInProgress()) from None


def _scope(caller: str, key: str) -> bytes:
    return hashlib.sha256(f"{caller}\n{key}".encode()).digest()


def _request_hash() -> str:
    # Whoever knows the key alone must not be shown the answer.
    authority = request.headers.get("Authorization", "").encode()
    parts = [request.method.encode(), request.full_path.encode(), authority, request.get_data(cache=True)]
    return hashlib.sha256(b"\n".join(parts)).hexdigest()
