"""Idempotency-Key: the key, its request and its answer are one row, committed with the effect."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, make_response, request
from sqlalchemy import DateTime, LargeBinary, SmallInteger, String, Table, bindparam, insert, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from falconbus.platform.database.engine import Model, db
from falconbus.platform.kit import clock
from falconbus.platform.kit.errors import Contended, DomainError, Invalid
from falconbus.platform.web import identity, problems

View = TypeVar("View", bound=Callable[..., Any])

KEPT = timedelta(days=2)
_SHORTEST, _LONGEST = 16, 255


class IdempotencyKey(Model):
    """The first answer to a request, for whoever sends it again."""

    __tablename__ = "idempotency_keys"

    caller: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(SmallInteger)
    content_type: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


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


def idempotent(view: View) -> View:
    """Answer a repeated `Idempotency-Key` with the first answer; stands below @accepts and @returns' shape."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(*args, **kwargs)
        who = identity.limit_key()
        digest = _request_hash()
        replay = _begin(who, key, digest)
        if replay is not None:
            return replay
        try:
            answer = make_response(view(*args, **kwargs))
        except DomainError as refusal:
            if refusal.recorded:
                _keep(who, key, digest, problems.response_of(refusal))
            raise
        _keep(who, key, digest, answer)
        return answer

    wrapper.idempotent = True  # type: ignore[attr-defined]
    return cast(View, wrapper)


def trim() -> None:
    """Forget keys after two days."""
    db.session.execute(_TRIM, {"before": clock.now() - KEPT})


def _begin(who: str, key: str, digest: str) -> Response | None:
    """Take the key for this transaction; the kept answer when there is one."""
    if not (_SHORTEST <= len(key) <= _LONGEST and key.isascii() and key.isprintable()):
        raise BadIdempotencyKey
    lock_id = int.from_bytes(hashlib.sha256(f"{who}\n{key}".encode()).digest()[:8], signed=True)
    row = db.session.execute(_LOCK_AND_FIND, {"lock_id": lock_id, "caller": who, "key": key}).one()
    if row.request_hash is not None:
        if row.request_hash != digest:
            raise IdempotencyKeyReused
        answer = Response(row.body, status=row.status, content_type=row.content_type)
        answer.headers["Idempotency-Replayed"] = "true"
        return answer
    if not row.taken:
        raise RequestInProgress
    return None


def _keep(who: str, key: str, digest: str, answer: Response) -> None:
    row = {
        "caller": who,
        "key": key,
        "request_hash": digest,
        "status": answer.status_code,
        "content_type": answer.content_type,
        "body": answer.get_data(),
        "created_at": clock.now(),
    }
    try:
        db.session.execute(_insert, row)
    except IntegrityError:
        raise Contended(RequestInProgress()) from None


def _request_hash() -> str:
    parts = [request.method.encode(), request.full_path.encode(), request.get_data(cache=True)]
    return hashlib.sha256(b"\n".join(parts)).hexdigest()
