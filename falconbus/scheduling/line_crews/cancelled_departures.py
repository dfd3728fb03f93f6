"""The crew of a departure that the operator cancels: told why, and free for other rides."""

from falconbus.platform.design import formats
from falconbus.scheduling.line_crews import queries
from falconbus.scheduling.line_crews.service import LineCrew
from falconbus.scheduling.notifications.models import NotificationKind
from falconbus.scheduling.notifications.service import Message, notify


def crew_of(schedule_id: int) -> list[int]:
    """Return who is on a departure, by staff key."""
    return sorted({each.staff_id for each in queries.schedule_assignments(schedule_id)})


def release_crew(schedule_id: int, reason: str) -> None:
    """Take the crew off a cancelled departure and tell them why; the caller has it locked."""
    assignments = queries.schedule_assignments(schedule_id)
    if not assignments:
        return
    ride = LineCrew.of(queries.schedule_crew(schedule_id))
    when = formats.moment(ride.departs_at, formats.STAFF_LANGUAGE)
    message = Message(
        kind=NotificationKind.UNROSTERED,
        title=f"{ride.route_name}, {when}: cancelled",
        message=f"The departure does not run: {reason}\nYou are not on it any more.",
        schedule_id=schedule_id,
    )
    queries.delete_assignments([each.id for each in assignments])
    notify([each.staff_id for each in assignments], message)
