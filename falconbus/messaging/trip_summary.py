"""A booking's journeys in a line, as a subject or a title has room for."""

from falconbus.bookings.read_model import BookingDetails, JourneyDetails
from falconbus.platform.design import formats


def places(journey: JourneyDetails) -> tuple[str, str]:
    """From where to where: cities, or the stops' names for a ride within one."""
    origin, destination = journey.origin, journey.destination
    if origin.city == destination.city:
        return origin.name, destination.name
    return origin.city, destination.city


def trip(booking: BookingDetails) -> str:
    """`Johannesburg to Durban, Fri 18 Dec 07:00, and back Sun 20 Dec 15:00`."""
    journeys = booking.journeys
    origin, destination = places(journeys[0])
    words = f"{origin} to {destination}, {_departure(journeys[0])}"
    if len(journeys) == 2 and places(journeys[1]) == (destination, origin):
        return f"{words}, and back {_departure(journeys[1])}"
    if len(journeys) > 1:
        return f"{words}, and {len(journeys) - 1} more {'journey' if len(journeys) == 2 else 'journeys'}"
    return words


def _departure(journey: JourneyDetails) -> str:
    return f"{formats.short_day(journey.origin.at)} {formats.clock_time(journey.origin.at)}"
