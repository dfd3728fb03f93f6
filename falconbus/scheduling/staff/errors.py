"""Why an account of the staff is not changed, or nobody is suggested for a ride."""

from falconbus.platform.kit.errors import DomainError, Invalid


class OwnAccess(DomainError):
    code = "own_access"
    title = "Nobody can close their own account, or take the role of an admin from themselves"


class HasDuties(DomainError):
    """Nobody would drive, and nobody would know."""

    code = "has_duties"
    title = "This person has accepted duties to come; give them to somebody else first"


class RideTooLong(Invalid):
    code = "ride_too_long"
    title = "The end must be at most 31 days after the start"
