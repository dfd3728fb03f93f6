"""Errors of assigning somebody who is not eligible."""

from falconbus.platform.kit.errors import DomainError


class LicenceExpired(DomainError):
    code = "licence_expired"
    title = "This driver has no licence that holds until the end of the ride"


class TooFar(DomainError):
    code = "too_far"
    title = "This person cannot be there in time from the ride before, or for the next one"


class OnLeave(DomainError):
    code = "on_leave"
    title = "This person is on leave at that time"
