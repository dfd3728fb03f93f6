"""Refusals about bookings."""

from falconbus.platform.kit.errors import DomainError, Invalid, NotFound


class BookingNotFound(NotFound):
    code = "booking_not_found"
    title = "There is no such booking, or it is not yours"


class HoldExpired(DomainError):
    code = "hold_expired"
    title = "The hold has run out; search again and make a new booking"


class BookingOver(DomainError):
    code = "booking_over"
    title = "The booking is past the state in which that can be done"


class BookingNotConfirmed(DomainError):
    code = "booking_not_confirmed"
    title = "The booking is not confirmed; there is no ticket to show yet"


class TooLateToCancel(DomainError):
    code = "too_late_to_cancel"
    title = "The coach has left; the ticket cannot be cancelled any more"


class UnknownPassenger(Invalid):
    code = "unknown_passenger"
    title = "The booking has no such passenger, or they were cancelled before"


class UnknownJourney(Invalid):
    code = "unknown_journey"
    title = "The booking has no such journey, or it was cancelled before"


class ChildrenAlone(DomainError):
    code = "children_alone"
    title = "A child would travel alone; say that this is meant"


class PassengerNotFound(NotFound):
    code = "passenger_not_found"
    title = "The booking has no such passenger, or they were cancelled before"


class TooLateToCorrect(DomainError):
    code = "too_late_to_correct"
    title = "The coach has left; the name cannot be corrected any more"


class OtherPerson(DomainError):
    code = "other_person"
    title = "Travellers correct a name once, and up to three letters of it; ask the operator for more"


class SeatCount(Invalid):
    code = "seat_count"
    title = "Name one seat for each passenger, or none to have them chosen"


class JourneysOverlap(Invalid):
    code = "journeys_overlap"
    title = "Two of the journeys overlap in time; nobody can ride both"


class MixedCurrencies(Invalid):
    code = "mixed_currencies"
    title = "The journeys are priced in different currencies; book them one by one"


class UnknownPromoCode(Invalid):
    code = "unknown_promo_code"
    title = "There is no such promo code"
