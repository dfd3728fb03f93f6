"""Setting working hours, with the accepted duties to come that are outside them."""

from collections.abc import Sequence
from datetime import UTC, timedelta

from falconbus.platform.database.engine import AnyRow
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.scheduling.eligibility import policy
from falconbus.scheduling.staff import queries
from falconbus.scheduling.staff_records import service as records
from falconbus.scheduling.staff_records.policy import WorkingInterval

#: Further ahead nobody has duties: charters are asked for two years ahead at most.
_AHEAD = timedelta(days=800)


def set_hours(staff_id: int, week: Sequence[WorkingInterval]) -> list[AnyRow]:
    """Replace somebody's working hours, and return the duties outside them, which stay: hours are only warned of.

    StaffNotFound, HoursOverlap.
    """
    records.set_hours(staff_id, week)
    zone, now = get_settings().time_zone, clock.now()
    duties = queries.duties(staff_id, now, now + _AHEAD)
    return [
        duty
        for duty in duties
        if not policy.is_within_hours(week, duty.starts_at.astimezone(UTC), duty.ends_at.astimezone(UTC), zone)
    ]
