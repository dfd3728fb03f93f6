"""Translation of violated exclusion constraints (overlapping times of a person or a bus) to domain errors."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from psycopg import errors as database_errors
from sqlalchemy.exc import IntegrityError

from falconbus.platform.database.engine import db
from falconbus.platform.kit.errors import DomainError

#: Makes the domain error of the database's error detail, which holds the conflicting range.
Refusal = Callable[[str], DomainError]


@contextmanager
def raise_on_exclusion(constraints: Collection[str], refusal: Refusal) -> Iterator[None]:
    """Run the block in a savepoint; when it violates one of these constraints, undo it and raise `refusal(detail)`."""
    try:
        with db.session.begin_nested():
            yield
            db.session.flush()
    except IntegrityError as error:
        violation = error.orig
        if not isinstance(violation, database_errors.ExclusionViolation) or (
            violation.diag.constraint_name not in constraints
        ):
            raise
        raise refusal(violation.diag.message_detail or "") from None
