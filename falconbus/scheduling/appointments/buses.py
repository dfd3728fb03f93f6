"""Protection against double booking of a charter's bus."""

from contextlib import AbstractContextManager

from falconbus.scheduling.appointments.errors import BusBusy
from falconbus.scheduling.assignments.exclusions import raise_on_exclusion

#: Between charters, and between a charter and a line (migrations 0013 and 0014).
_CONSTRAINTS = frozenset({"ex_appointments_bus", "schedules_bus_on_charter"})


def no_double_booking(pointer: str | None = None) -> AbstractContextManager[None]:
    """Return a context to write a bus or times in, which raises BusBusy when the bus has an overlapping ride."""
    return raise_on_exclusion(_CONSTRAINTS, lambda _: BusBusy(pointer=pointer))
