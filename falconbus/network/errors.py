"""Refusals about the network."""

from falconbus.platform.kit.errors import DomainError, Invalid, NotFound


class RouteNotFound(NotFound):
    code = "route_not_found"
    title = "There is no such route"


class StopNotFound(NotFound):
    code = "stop_not_found"
    title = "There is no such stop"


class BusNotFound(NotFound):
    code = "bus_not_found"
    title = "There is no such bus"


class FareClassNotFound(NotFound):
    code = "fare_class_not_found"
    title = "There is no such fare class"


class SeatLayoutNotFound(NotFound):
    code = "seat_layout_not_found"
    title = "There is no such seat layout"


class AlreadyExists(DomainError):
    code = "already_exists"
    title = "There is already one like it"


class RouteInUse(DomainError):
    code = "route_in_use"
    title = "Timetables use the route; take it off sale with active=false, and make another one for another line"


class StopInUse(DomainError):
    code = "stop_in_use"
    title = "Routes or journeys use the stop"


class BusInUse(DomainError):
    code = "bus_in_use"
    title = "Timetables or schedules use the bus; take it out of service with active=false"


class UnknownRoute(Invalid):
    code = "unknown_route"
    title = "There is no such route"


class UnknownStop(Invalid):
    code = "unknown_stop"
    title = "There is no such stop"


class NotRidden(Invalid):
    code = "not_ridden"
    title = "No route rides from the one stop to the other"


class UnknownBus(Invalid):
    code = "unknown_bus"
    title = "There is no such bus in service"


class UnknownFareClass(Invalid):
    code = "unknown_fare_class"
    title = "The coach has no such fare class"


class UnknownSeatLayout(Invalid):
    code = "unknown_seat_layout"
    title = "There is no seat layout of this code"
