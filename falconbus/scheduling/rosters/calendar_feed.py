"""A person's duties for a calendar app that asks again and again (iCalendar, RFC 5545 and 7986)."""

from collections.abc import Iterable
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import urlsplit

from falconbus.platform.kit.lazy import Lazy
from falconbus.scheduling.assignments.models import Part
from falconbus.scheduling.rosters.duties import Duty

# 4 MB that most web processes never need.
icalendar = Lazy("icalendar")

_ASK_AGAIN = timedelta(hours=1)
_DOES = {Part.DRIVER: "Drive", Part.ATTENDANT: "Attend"}


def calendar_feed(duties: Iterable[Duty], public_url: str) -> bytes:
    """An event for each duty, in UTC; the same duties make the same bytes."""
    calendar = icalendar.Calendar()
    calendar.add("PRODID", "-//FalconBus//Roster//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "PUBLISH")
    calendar.add("NAME", "FalconBus duties")
    calendar.add("X-WR-CALNAME", "FalconBus duties")
    calendar.add("REFRESH-INTERVAL", _ASK_AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", "PT1H")
    for duty in duties:
        calendar.add_component(_event(duty, urlsplit(public_url).hostname or ""))
    content: bytes = calendar.to_ical()
    return content


def _event(duty: Duty, host: str) -> Any:
    event = icalendar.Event()
    event.add("UID", f"duty-{duty.assignment_id}@{host}")
    # Without the time at which it was asked for: what has not changed is not sent again.
    event.add("DTSTAMP", duty.changed_at.astimezone(UTC))
    event.add("LAST-MODIFIED", duty.changed_at.astimezone(UTC))
    event.add("DTSTART", duty.begins.astimezone(UTC))
    event.add("DTEND", duty.ends.astimezone(UTC))
    event.add("SUMMARY", f"{'' if duty.is_accepted else 'Asked: '}{_DOES[duty.part]} {duty.title}")
    event.add("LOCATION", duty.origin)
    event.add("DESCRIPTION", _description(duty))
    event.add("STATUS", "CONFIRMED" if duty.is_accepted else "TENTATIVE")
    return event


def _description(duty: Duty) -> str:
    client = ", ".join(part for part in (duty.client_name, duty.client_phone) if part)
    lines = [
        f"Charter {duty.reference}" if duty.is_charter else f"Departure {duty.schedule_id}",
        f"{duty.origin} to {duty.destination}",
        f"Client: {client}" if client else "",
        f"Services: {', '.join(duty.services)}" if duty.services else "",
        f"Bus {duty.bus_number}" if duty.bus_number else "No bus yet",
        f"With {', '.join(duty.colleagues)}" if duty.colleagues else "",
        duty.note,
        "" if duty.is_accepted else "This waits for your answer.",
    ]
    return "\n".join(line for line in lines if line)
