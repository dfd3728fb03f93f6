"""The journeys of a booking for a calendar app (iCalendar, RFC 5545)."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from falconbus.bookings.read_model import BookingDetails, JourneyDetails
from falconbus.messaging.document import TravelDocument
from falconbus.platform.database import transactions
from falconbus.platform.kit.lazy import Lazy

# 4 MB that most web processes never need.
icalendar = Lazy("icalendar")

_REMIND = timedelta(hours=-2)


def calendar_file(document: TravelDocument) -> bytes:
    """One event a journey that somebody still travels on, each end in the time zone of its stop."""
    transactions.check_outside("a calendar file")
    calendar = icalendar.Calendar()
    calendar.add("PRODID", f"-//{document.operator}//FalconBus//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "PUBLISH")
    journeys = document.booking.live_journeys
    for zone in _time_zones(journeys):
        calendar.add_component(zone)
    for journey in journeys:
        calendar.add_component(_event(document, journey))
    content: bytes = calendar.to_ical()
    return content


def _time_zones(journeys: tuple[JourneyDetails, ...]) -> list[Any]:
    """The rules of the zones, for apps that do not know them by name."""
    calls = [call for journey in journeys for call in (journey.origin, journey.destination)]
    years = [call.at.year for call in calls]
    return [_time_zone(name, min(years) - 1, max(years) + 2) for name in sorted({call.time_zone for call in calls})]


def preload() -> None:
    """Load what calendars are made with."""
    icalendar.Calendar().to_ical()


@lru_cache(maxsize=64)
def _time_zone(name: str, first_year: int, end_year: int) -> Any:
    return icalendar.Timezone.from_tzid(name, first_date=date(first_year, 1, 1), last_date=date(end_year, 1, 1))


def _event(document: TravelDocument, journey: JourneyDetails) -> Any:
    booking, origin, destination = document.booking, journey.origin, journey.destination
    event = icalendar.Event()
    event.add("UID", f"{booking.reference}-{journey.number}@{urlsplit(document.public_url).hostname}")
    event.add("DTSTAMP", booking.created_at)
    # A calendar takes the copy with the higher number: it grows with every ticket that is cancelled.
    event.add("SEQUENCE", len(booking.cancelled_tickets))
    event.add("DTSTART", origin.at)
    event.add("DTEND", destination.at)
    event.add("SUMMARY", f"Coach {origin.city} to {destination.city}")
    event.add("LOCATION", origin.name)
    event.add("DESCRIPTION", _description(booking, journey))
    event.add("STATUS", "CONFIRMED")
    alarm = icalendar.Alarm()
    alarm.add("ACTION", "DISPLAY")
    alarm.add("TRIGGER", _REMIND)
    alarm.add("DESCRIPTION", f"Your coach to {destination.city} leaves in two hours")
    event.add_component(alarm)
    return event


def _description(booking: BookingDetails, journey: JourneyDetails) -> str:
    seats = [f"{ticket.passenger.name}: seat {ticket.seat_number}" for ticket in journey.live_tickets]
    lines = [
        f"Booking {booking.reference}",
        f"{journey.route_name}, coach {journey.bus_number}, {journey.fare_class_name}",
        f"{journey.origin.name} to {journey.destination.name}",
        *seats,
    ]
    return "\n".join(lines)
