"""One transaction for each request or task, retried when another one was faster; effects run after its commit."""

import logging
import random
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar, cast

from flask import current_app
from sqlalchemy.exc import DBAPIError

from falconbus.platform.database.engine import db
from falconbus.platform.database.session import Session
from falconbus.platform.kit.errors import Contended, DomainError

T = TypeVar("T")
E = TypeVar("E", bound=Callable[[], None])
log = logging.getLogger(__name__)

ATTEMPTS = 8
# serialization_failure, deadlock_detected, lock_not_available
_RETRYABLE = {"40001", "40P01", "55P03"}
_attempt: ContextVar[int] = ContextVar("attempt", default=0)


def attempt() -> int:
    """Return how often the present transaction was retried; from 1 on, use cases may take broader locks."""
    return _attempt.get()


def on_commit(name: str, effect: Callable[[], None]) -> None:
    """Run `effect` once after the next commit (a second one of the same name replaces it); a rollback drops it."""
    db.session.info.setdefault("on_commit", {})[name] = effect


def before_commit(make: Callable[[], E]) -> E:
    """Return the effect that `make` made for this transaction; it is called right before the commit.

    A rollback drops it.
    """
    effects: dict[Callable[[], E], E] = db.session.info.setdefault("before_commit", {})
    if make not in effects:
        effects[make] = make()
    return effects[make]


def commit() -> None:
    """Commit, then run the effects; one that fails is only logged, because its transaction already stands."""
    db.session.flush()
    for effect in db.session.info.pop("before_commit", {}).values():
        effect()
    db.session.commit()
    for name, effect in db.session.info.pop("on_commit", {}).items():
        try:
            effect()
        except Exception:
            log.exception("the effect %s failed after its commit", name)


def rollback() -> None:
    """Undo what the transaction did and forget its effects."""
    db.session.info.pop("on_commit", None)
    db.session.info.pop("before_commit", None)
    db.session.rollback()


class TransactionOpen(Exception):
    """Something slow or foreign is called while a transaction is open, which holds a connection, and maybe locks."""


def check_outside(what: str) -> None:
    """In tests refuse `what` (a template, a provider ...) while a transaction is open; TransactionOpen.

    In production a mail that takes too long is better than none.
    """
    if current_app.testing and db.session().in_transaction():
        raise TransactionOpen(f"{what} inside a transaction")


def end_reading() -> None:
    """Give the connection back before something slow is made of what was read; nothing was changed before."""
    cast(Session, db.session()).end_reading()


def run(work: Callable[[], T]) -> T:
    """Run `work` and commit; on any exception roll back and re-raise it as it was."""
    for number in range(ATTEMPTS):
        _attempt.set(number)
        try:
            result = work()
            commit()
        except Contended as contended:
            rollback()
            if number + 1 == ATTEMPTS:
                raise contended.refusal from None
        except DBAPIError as fault:
            rollback()
            if number + 1 == ATTEMPTS or getattr(fault.orig, "sqlstate", None) not in _RETRYABLE:
                raise
        except DomainError as refusal:
            if refusal.recorded:
                commit()
            else:
                rollback()
            raise
        except BaseException:
            rollback()
            raise
        else:
            return result
        time.sleep(random.uniform(0, 0.005 * 2**number))  # noqa: S311  jitter, not a secret
    raise AssertionError("the last attempt returns or raises")
