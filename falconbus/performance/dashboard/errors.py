"""Errors of the dashboard: what was asked for is not there."""

from falconbus.platform.kit.errors import Invalid, NotFound


class EndpointNotFound(NotFound):
    code = "endpoint_not_found"
    title = "No such endpoint has ever been called, and none is there"


class StatementNotFound(NotFound):
    code = "statement_not_found"
    title = "No statement has this fingerprint"


class BadPeriod(Invalid):
    code = "bad_period"
    title = "There is nothing to tell of that time"
