"""Why a link to answer does not open, or an answer is not taken."""

from falconbus.platform.kit.errors import DomainError, Invalid, NotFound


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


class BadReason(Invalid):
    """The words are for people: they stand on the page."""

    code = "bad_reason"
    title = "Say in up to 1,000 characters why you cannot do it"
