"""Errors of reading and changing services."""

from falconbus.platform.kit.errors import DomainError, NotFound


class ServiceNotFound(NotFound):
    code = "service_not_found"
    title = "There is no such service"


class ServiceExists(DomainError):
    code = "service_exists"
    title = "There is a service of that name already"
