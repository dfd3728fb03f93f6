"""A charter's bus: on no other ride at that time, whoever asks first."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors as database_errors
from sqlalchemy.exc import IntegrityError

from falconbus.extensions import db
from falconbus.scheduling.crews.errors import BusBusy

#: Between charters, and between a charter and a line (migrations 0013 and 0014).
_CONSTRAINTS = frozenset({"ex_appointments_bus", "schedules_bus_on_charter"})


@contextmanager
def on_one_ride(pointer: str | None = None) -> Iterator[None]:
    """Write inside it; BusBusy, with nothing written, when the database knows the bus to be on another ride then."""
    try:
        with db.session.begin_nested():
            yield
            db.session.flush()
    except IntegrityError as fault:
        refused = fault.orig
        if not isinstance(refused, database_errors.ExclusionViolation):
            raise
        if refused.diag.constraint_name not in _CONSTRAINTS:
            raise
        raise BusBusy(pointer=pointer) from None
