"""A charter's bus: on no other ride at that time, whoever asks first."""

from contextlib import AbstractContextManager

from falconbus.scheduling.appointments.errors import BusBusy
from falconbus.scheduling.assignments.exclusions import excluded_by

#: Between charters, and between a charter and a line (migrations 0013 and 0014).
_CONSTRAINTS = frozenset({"ex_appointments_bus", "schedules_bus_on_charter"})


def on_one_ride(pointer: str | None = None) -> AbstractContextManager[None]:
    """Write inside it; BusBusy when the database knows the bus to be on another ride then."""
    return excluded_by(_CONSTRAINTS, lambda _: BusBusy(pointer=pointer))
