"""Refusals about timetables and schedules."""

from falconbus.platform.kit.errors import DomainError, Invalid, NotFound


class TimetableNotFound(NotFound):
    code = "timetable_not_found"
    title = "There is no such timetable"


class ScheduleNotFound(NotFound):
    code = "schedule_not_found"
    title = "There is no such schedule"


class TimetableInUse(DomainError):
    code = "timetable_in_use"
    title = "Departures with these times are booked; end this timetable with valid_until, and make a new one"


class TimetableRetired(DomainError):
    code = "timetable_retired"
    title = "The timetable is retired; make it active first"


class ScheduleExists(DomainError):
    code = "schedule_exists"
    title = "This bus has a departure on the route at that time already"


class BusOnCharter(DomainError):
    code = "bus_on_charter"
    title = "This bus is on a charter at that time"


class BusOnDeparture(DomainError):
    code = "bus_on_departure"
    title = "This bus is on another departure at that time"


class BusTooFar(DomainError):
    code = "bus_too_far"
    title = "This bus cannot be there in time from its ride before, or for its next one"


class ScheduleInUse(DomainError):
    code = "schedule_in_use"
    title = "The departure has been booked; stop selling it with active=false"


class Departed(DomainError):
    code = "departed"
    title = "The coach has left"


class AlreadyCancelled(DomainError):
    code = "already_cancelled"
    title = "The departure is cancelled, for good; put on another one with POST /schedules"


class SeatsDoNotFit(DomainError):
    code = "seats_do_not_fit"
    title = "A seat that is sold or held is missing in the other bus, or of another fare class there"


class UnknownTimetable(Invalid):
    code = "unknown_timetable"
    title = "There is no such timetable"


class UnknownSchedule(Invalid):
    code = "unknown_schedule"
    title = "There is no such schedule"


class DateInPast(Invalid):
    code = "date_in_past"
    title = "The departure would be in the past"
