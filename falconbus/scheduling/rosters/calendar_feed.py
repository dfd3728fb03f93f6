"""Calendar feed of a person's duties, for apps that subscribe to it (iCalendar, RFC 5545 and 7986)."""

from collections.abc import Iterable
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import urlsplit

from falconbus.platform.kit.lazy import Lazy
from falconbus.scheduling.assignments.models import CrewRole
from falconbus.scheduling.rosters.duties import Duty

# 4 MB that most web processes never need.
icalendar = Lazy("icalendar")

_REFRESH_INTERVAL = timedelta(hours=1)
_VERBS = {CrewRole.DRIVER: "Drive", CrewRole.ATTENDANT: "Attend"}


def calendar_feed(duties: Iterable[Duty], public_url: str) -> bytes:
    """Return an iCalendar file with an event per duty, in UTC; equal duties give equal bytes."""
    calendar = icalendar.Calendar()
    calendar.add("PRODID", "-//FalconBus//Roster//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "PUBLISH")
    calendar.add("NAME", "FalconBus duties")
    calendar.add("X-WR-CALNAME", "FalconBus duties")
    calendar.add("REFRESH-INTERVAL", _REFRESH_INTERVAL, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", "PT1H")
    for duty in duties:
        calendar.add_component(_event(duty, urlsplit(public_url).hostname or ""))
    content: bytes = calendar.to_ical()
    return content


def _event(duty: Duty, host: str) -> Any:
    event = icalendar.Event()
    event.add("UID", f"duty-{duty.assignment_id}@{host}")
    # Not the time of the request: unchanged duties then give unchanged bytes (304).
    event.add("DTSTAMP", duty.changed_at.astimezone(UTC))
    event.add("LAST-MODIFIED", duty.changed_at.astimezone(UTC))
    event.add("DTSTART", duty.begins.astimezone(UTC))
    event.add("DTEND", duty.ends.astimezone(UTC))
    event.add("SUMMARY", f"{'' if duty.is_accepted else 'Asked: '}{_VERBS[duty.part]} {duty.title}")
    event.add("LOCATION", duty.origin)
    event.add("DESCRIPTION", _description(duty))
    event.add("STATUS", "CONFIRMED" if duty.is_accepted else "TENTATIVE")
    return event


def _description(duty: Duty) -> str:
    client = ", ".join(filter(None, (duty.client_name, duty.client_phone)))
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
