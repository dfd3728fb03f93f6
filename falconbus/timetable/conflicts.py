"""Conflicts of departures, as the database's constraints find them."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import ExclusionViolation
from sqlalchemy.exc import IntegrityError

from falconbus.platform.database.engine import db
from falconbus.timetable.errors import BusOnCharter, ScheduleExists


@contextmanager
def translate_conflicts() -> Iterator[None]:
    """Run the block in a savepoint; raise BusOnCharter or ScheduleExists when a constraint refuses a departure."""
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError as fault:
        if isinstance(fault.orig, ExclusionViolation):
            raise BusOnCharter from None
        raise ScheduleExists from None
