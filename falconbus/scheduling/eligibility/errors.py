"""Errors of assigning somebody who is not eligible."""

from falconbus.platform.kit.errors import DomainError


class LicenceExpired(DomainError):
    code = "licence_expired"
    title = "This driver has no licence that holds until the end of the ride"


class OnLeave(DomainError):
    code = "on_leave"
    title = "This person is on leave at that time"
