"""Errors of changing staff accounts, and of suggesting staff for a ride."""

from falconbus.platform.kit.errors import DomainError, Invalid


class OwnAccess(DomainError):
    code = "own_access"
    title = "Nobody can close their own account, or take the role of an admin from themselves"


class HasDuties(DomainError):
    """Duties would lose their crew unnoticed."""

    code = "has_duties"
    title = "This person has accepted duties to come; give them to somebody else first"


class RideTooLong(Invalid):
    code = "ride_too_long"
    title = "The end must be at most 31 days after the start"
