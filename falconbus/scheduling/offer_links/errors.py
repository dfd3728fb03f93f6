"""Why a link to answer does not open."""

from falconbus.platform.kit.errors import DomainError, NotFound


class AnswerNotFound(NotFound):
    code = "answer_not_found"
    title = "There is nothing to answer under this address"


class LinkExpired(DomainError):
    status = 410
    code = "link_expired"
    title = "This link has expired"


class AccountClosed(DomainError):
    status = 410
    code = "account_closed"
    title = "This link was for an account that does no more duties"
