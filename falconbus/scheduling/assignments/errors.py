"""Why somebody is not put on a ride, or cannot answer for it."""

from falconbus.platform.kit.errors import DomainError, Invalid


class NotAnswerable(DomainError):
    code = "already_answered"
    title = "This has been answered or taken back before"


class StaffBusy(DomainError):
    code = "staff_busy"
    title = "This person is on another ride at that time"


class BusBusy(DomainError):
    code = "bus_busy"
    title = "This bus is on another ride at that time"


class UnknownStaff(Invalid):
    code = "unknown_staff"
    title = "There is nobody with that key who works in this role"


class LicenceExpired(DomainError):
    code = "licence_expired"
    title = "This driver has no licence that holds until the end of the ride"


class OnLeave(DomainError):
    code = "on_leave"
    title = "This person is on leave at that time"
