"""Errors of requesting, reading and changing charters."""

from falconbus.platform.kit.errors import DomainError, Invalid, NotFound


class AppointmentNotFound(NotFound):
    code = "appointment_not_found"
    title = "There is no such charter"


class UnknownService(Invalid):
    code = "unknown_service"
    title = "This service is not offered (any more)"


class EndBeforeStart(Invalid):
    code = "end_before_start"
    title = "The end must be after the start"


class TooShort(Invalid):
    code = "too_short"
    title = "The services take longer than from the start to the end"


class StartInPast(Invalid):
    code = "start_in_past"
    title = "The start must be in the future"


class BusTooSmall(DomainError):
    code = "bus_too_small"
    title = "The bus has fewer seats than the charter has passengers"


class ImpossibleChange(DomainError):
    code = "impossible_change"
    title = "The charter's state does not allow this"


class MixedCurrencies(Invalid):
    code = "mixed_currencies"
    title = "The services are priced in different currencies; ask for them apart"


class BusBusy(DomainError):
    code = "bus_busy"
    title = "This bus is on another ride at that time"
