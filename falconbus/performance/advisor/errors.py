"""The refusals of the advisor."""

from falconbus.platform.kit.errors import DomainError, NotFound


class AdviceNotFound(NotFound):
    code = "advice_not_found"
    title = "There is no such advice"


class StatementNotFound(NotFound):
    code = "statement_not_found"
    title = "The recorder knows no such statement"


class AdviceNotOpen(DomainError):
    code = "advice_not_open"
    title = "Only open advice can be dismissed"
