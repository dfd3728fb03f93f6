"""Why a seat cannot be had."""

from falconbus.platform.kit.errors import DomainError, Invalid, NotFound


class ScheduleNotFound(NotFound):
    code = "schedule_not_found"
    title = "There is no such schedule"


class StopNotFound(NotFound):
    code = "stop_not_found"
    title = "There is no such stop"


class SeatTaken(DomainError):
    code = "seat_taken"
    title = "A chosen seat has just been taken; choose another one"


class SoldOut(DomainError):
    code = "sold_out"
    title = "There is no room left for that many passengers"


class UnknownSeat(Invalid):
    code = "unknown_seat"
    title = "The coach has no such seat"


class SeatOfOtherClass(Invalid):
    code = "seat_of_other_class"
    title = "The seat belongs to another fare class"


class UnknownFareClass(Invalid):
    code = "unknown_fare_class"
    title = "The coach has no such fare class"


class UnknownSchedule(Invalid):
    code = "unknown_schedule"
    title = "There is no such schedule"


class UnknownStop(Invalid):
    code = "unknown_stop"
    title = "There is no such stop"


class NotOnSale(DomainError):
    code = "not_on_sale"
    title = "The departure is not on sale (any more)"


class NotServed(Invalid):
    code = "not_served"
    title = "The coach does not carry passengers between these stops"
