"""A person's duties: assignments to charters and to line schedules in one form."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from falconbus.platform.database.engine import AnyRow
from falconbus.platform.kit import clock
from falconbus.scheduling.assignments.models import AssignmentStatus, CrewRole
from falconbus.scheduling.rosters import queries


@dataclass(frozen=True, kw_only=True, slots=True)
class Duty:
    """An assignment of a person to a charter (`reference`) or to a line schedule (`schedule_id`).

    `begins` and `ends` are local to the place of the start. `changed_at`: last change of assignment or charter.
    """

    assignment_id: int
    staff_id: int
    part: CrewRole
    status: AssignmentStatus
    begins: datetime
    ends: datetime
    changed_at: datetime
    title: str
    origin: str
    destination: str
    reference: str | None
    schedule_id: int | None
    client_name: str | None
    client_phone: str | None
    note: str
    passengers: int | None
    bus_number: str | None
    colleagues: tuple[str, ...]
    services: tuple[str, ...]

    @property
    def is_charter(self) -> bool:
        return self.reference is not None

    @property
    def is_accepted(self) -> bool:
        return self.status == AssignmentStatus.ACCEPTED

    @property
    def duration(self) -> timedelta:
        """Return the elapsed time; in UTC, because within a zone Python subtracts local times."""
        return self.ends.astimezone(UTC) - self.begins.astimezone(UTC)

    @classmethod
    def of(cls, row: AnyRow) -> Self:
        changes = (row.offered_at, row.answered_at, row.changed_at)
        return cls(
            assignment_id=row.id,
            staff_id=row.staff_id,
            part=CrewRole(row.part),
            status=AssignmentStatus(row.status),
            begins=clock.local(row.starts_at, row.time_zone),
            ends=clock.local(row.ends_at, row.time_zone),
            changed_at=max(at for at in changes if at is not None),
            title=row.route_name or f"{row.origin} to {row.destination}",
            origin=row.origin,
            destination=row.destination,
            reference=row.reference,
            schedule_id=row.schedule_id,
            client_name=row.client_name,
            client_phone=row.client_phone,
            note=row.note or "",
            passengers=row.passengers,
            bus_number=row.bus_number,
            colleagues=tuple(row.colleagues),
            services=tuple(row.services),
        )


def duties_between(staff_id: int, begin: datetime, end: datetime) -> list[Duty]:
    """Return somebody's accepted and offered duties that start from `begin` to `end` (exclusive), by time."""
    return [Duty.of(row) for row in queries.duties_between(staff_id, begin, end)]


def find_duty(assignment_id: int, staff_id: int) -> Duty | None:
    """Return a duty of a person in whatever status, or None."""
    row = queries.find_duty(assignment_id, staff_id)
    return None if row is None else Duty.of(row)
