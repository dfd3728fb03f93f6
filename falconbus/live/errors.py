"""Refusals of live numbers."""

from falconbus.platform.kit.errors import DomainError


class LiveUnavailable(DomainError):
    status = 503
    code = "live_unavailable"
    title = "The live numbers cannot be read for the moment"
