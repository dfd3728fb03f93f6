"""Writing what the database may refuse because somebody, or some bus, is elsewhere at that time."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from psycopg import errors as database_errors
from sqlalchemy.exc import IntegrityError

from falconbus.platform.database.engine import db
from falconbus.platform.kit.errors import DomainError

#: From the database's detail, which holds the range that met another one, to what the caller is told.
Refusal = Callable[[str], DomainError]


@contextmanager
def excluded_by(constraints: Collection[str], refusal: Refusal) -> Iterator[None]:
    """Write inside it; `refusal` with nothing written, when one of these constraints does not allow it."""
    try:
        with db.session.begin_nested():
            yield
            db.session.flush()
    except IntegrityError as fault:
        refused = fault.orig
        if not isinstance(refused, database_errors.ExclusionViolation) or (
            refused.diag.constraint_name not in constraints
        ):
            raise
        raise refusal(refused.diag.message_detail or "") from None
