"""Adding a leave, with the accepted duties that it affects."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from falconbus.platform.database.engine import AnyRow
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.scheduling.staff import queries
from falconbus.scheduling.staff_records import service as records
from falconbus.scheduling.staff_records.models import Leave


@dataclass(frozen=True, slots=True)
class NewLeave:
    """A new leave, and the accepted duties of its days that need somebody else now."""

    leave: Leave
    duties: Sequence[AnyRow]


def add_leave(staff_id: int, first_day: date, last_day: date, kind: str) -> NewLeave:
    """Add a leave, and return it with the duties on its days, which do not prevent it: people fall ill.

    StaffNotFound, LastDayBeforeFirst, LeaveTooLong.
    """
    leave = records.add_leave(staff_id, first_day, last_day, kind)
    zone = get_settings().time_zone
    begins, ends = clock.day_bounds(first_day, zone)[0], clock.day_bounds(last_day, zone)[1]
    return NewLeave(leave, queries.duties(staff_id, max(begins, clock.now()), ends))
