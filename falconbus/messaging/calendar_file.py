"""The journeys of a booking for a calendar app (iCalendar, RFC 5545)."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from falconbus.bookings.read_model import BookingDetails, JourneyDetails
from falconbus.messaging.document import TravelDocument
from falconbus.platform.database import transactions
from falconbus.platform.design import formats
from falconbus.platform.kit.lazy import Lazy

# 4 MB that commands never need.
icalendar = Lazy("icalendar")

_REMIND = timedelta(hours=-2)


def method(document: TravelDocument) -> str:
    """What the file asks of a calendar (RFC 5546): to show the journeys, or to take all of them out."""
    return "PUBLISH" if document.booking.live_journeys and document.booking.is_confirmed else "CANCEL"


def calendar_file(document: TravelDocument) -> bytes:
    """One event a journey, each end in the time zone of its stop; one that nobody travels on is cancelled.

    No transaction is open.
    """
    transactions.check_outside("a calendar file")
    calendar = icalendar.Calendar()
    calendar.add("PRODID", f"-//{document.brand.name}//FalconBus//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", method(document))
    journeys = document.booking.journeys
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
    # A calendar takes the copy with the higher number: it grows with every ticket that is cancelled, every change, and
    # every name that is corrected.
    corrections = sum(passenger.revision for passenger in booking.passengers)
    event.add("SEQUENCE", len(booking.cancelled_tickets) + journey.revision + corrections)
    event.add("DTSTART", _unmistakable(origin.at))
    event.add("DTEND", _unmistakable(destination.at))
    event.add("SUMMARY", f"Coach {origin.city} to {destination.city}")
    event.add("LOCATION", origin.name)
    event.add("DESCRIPTION", _description(booking, journey))
    event.add("ORGANIZER", f"mailto:{document.sender_address}", parameters={"CN": document.brand.name})
    if not (journey.live_tickets and booking.is_confirmed):
        event.add("STATUS", "CANCELLED")
        return event
    event.add("STATUS", "CONFIRMED")
    alarm = icalendar.Alarm()
    alarm.add("ACTION", "DISPLAY")
    alarm.add("TRIGGER", _REMIND)
    alarm.add("DESCRIPTION", f"Your coach to {destination.city} leaves in two hours")
    event.add_component(alarm)
    return event


def _unmistakable(at: datetime) -> datetime:
    """The local time, or UTC in the hour that clocks show twice: a calendar takes the first of the two (RFC 5545)."""
    return at.astimezone(UTC) if _is_repeated(at) else at


def _is_repeated(at: datetime) -> bool:
    return at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()


def _description(booking: BookingDetails, journey: JourneyDetails) -> str:
    seats = [f"{ticket.passenger.name}: seat {ticket.seat_number}" for ticket in journey.live_tickets]
    lines = [
        f"Booking {booking.reference}",
        f"{journey.route_name}, coach {journey.bus_number}, {journey.fare_class_name}",
        f"{journey.origin.name} to {journey.destination.name}",
        *(
            f"{words} at {formats.clock_time(call.at)}, {call.at.isoformat()}"
            for words, call in (("Departure", journey.origin), ("Arrival", journey.destination))
            if _is_repeated(call.at)
        ),
        *seats,
    ]
    return "\n".join(lines)
