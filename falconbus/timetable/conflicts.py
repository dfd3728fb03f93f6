"""Why a departure is where no other may be, when the database says so."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import ExclusionViolation
from sqlalchemy.exc import IntegrityError

from falconbus.platform.database.engine import db
from falconbus.timetable.errors import BusOnCharter, ScheduleExists


@contextmanager
def translate_conflicts() -> Iterator[None]:
    """Write departures inside it: all of them, or none and BusOnCharter or ScheduleExists."""
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError as fault:
        if isinstance(fault.orig, ExclusionViolation):
            raise BusOnCharter from None
        raise ScheduleExists from None
