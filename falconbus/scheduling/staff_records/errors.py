"""Errors of reading and changing records of staff."""

from falconbus.platform.kit.errors import DomainError, Invalid, NotFound


class StaffNotFound(NotFound):
    code = "staff_not_found"
    title = "There is no such member of the staff"


class LicenceNotFound(NotFound):
    code = "licence_not_found"
    title = "This person has no such licence"


class LeaveNotFound(NotFound):
    code = "leave_not_found"
    title = "This person has no such leave"


class LicenceExists(DomainError):
    code = "licence_exists"
    title = "This person has a licence of that kind and number already"


class HoursOverlap(Invalid):
    code = "hours_overlap"
    title = "Two stretches of the week overlap"


class LastDayBeforeFirst(Invalid):
    code = "last_day_before_first"
    title = "The last day must not be before the first"


class LeaveTooLong(Invalid):
    code = "leave_too_long"
    title = "A leave has 400 days at most; close the account of somebody who stays away for longer"
