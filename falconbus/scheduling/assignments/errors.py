"""Errors of assigning staff and of their answers."""

from falconbus.platform.kit.errors import DomainError, Invalid


class AlreadyAnswered(DomainError):
    code = "already_answered"
    title = "This has been answered or taken back before"


class StaffBusy(DomainError):
    code = "staff_busy"
    title = "This person is on another ride at that time"


class UnknownStaff(Invalid):
    code = "unknown_staff"
    title = "There is nobody with that key who works in this role"
