"""Live tickets of a booking, each with its journey: what is sold, cancelled and claimed together."""

from collections.abc import Collection
from typing import TypeAlias

from falconbus.bookings import policy
from falconbus.bookings.read_model import JourneyDetails, TicketDetails
from falconbus.fares.passenger_types import PassengerType
from falconbus.inventory.claiming import Claim

#: One ticket, on its journey.
Ride: TypeAlias = tuple[JourneyDetails, TicketDetails]


def live_rides(journeys: Collection[JourneyDetails]) -> list[Ride]:
    """Return the rides that are not cancelled."""
    return [(journey, ticket) for journey in journeys for ticket in journey.live_tickets]


def claims_of(rides: Collection[Ride]) -> list[Claim]:
    """Return the claims that rides need: a seat on each of their legs."""
    return [
        Claim(journey.schedule_id, leg, ticket.seat_number, journey.bus_id, journey.route_id)
        for journey, ticket in rides
        for leg in journey.legs
    ]


def leave_children_alone(going: Collection[Ride], live: Collection[Ride]) -> bool:
    """Tell whether on one of the journeys only children would stay, were these rides cancelled."""
    staying = [ride for ride in live if ride not in going]
    return any(
        policy.leaves_children_alone(_types(going, number), _types(staying, number))
        for number in {journey.number for journey, _ in going}
    )


def _types(rides: Collection[Ride], number: int) -> list[PassengerType]:
    return [ticket.passenger.type for journey, ticket in rides if journey.number == number]
