"""Request and response schemas of lapses."""

from datetime import datetime
from typing import Self

import msgspec

from falconbus.platform.database.engine import AnyRow
from falconbus.platform.database.pagination import CursorQuery
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.scheduling.lapses.models import LapseKind


class LapsesQuery(CursorQuery):
    """Lapses of one kind, or of all."""

    kind: LapseKind | None = None


class LapsedStaffOut(msgspec.Struct):
    id: int
    name: str


class LapsedBusOut(msgspec.Struct):
    id: int
    number: str


class LapseOut(msgspec.Struct):
    """What does not hold any more, and of what: the ride is a charter by its reference, or a departure by its key.

    `kind`: bus_out_of_service, bus_overlap, bus_too_far, staff_too_far, licence_expired, on_leave, unserved or
    not_closed. Of bus_overlap and bus_too_far a bus has one each, about the first ride that it is true of.
    """

    id: int
    kind: str
    detail: str
    staff: LapsedStaffOut | None
    bus: LapsedBusOut | None
    reference: str | None
    schedule_id: int | None
    found_at: datetime

    @classmethod
    def of(cls, row: AnyRow) -> Self:
        return cls(
            id=row.key,
            kind=row.kind,
            detail=row.detail,
            staff=None if row.staff_id is None else LapsedStaffOut(row.staff_id, row.staff_name),
            bus=None if row.bus_id is None else LapsedBusOut(row.bus_id, row.bus_number),
            reference=row.reference,
            schedule_id=row.schedule_id,
            found_at=clock.local(row.found_at, get_settings().time_zone),
        )
