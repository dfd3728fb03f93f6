"""Refusals about accounts."""

from falconbus.platform.kit.errors import DomainError, Invalid, NotFound


class WrongCredentials(DomainError):
    """A wrong password, an unknown e-mail and a closed account are refused alike, so that none can be told apart."""

    status = 401
    code = "wrong_credentials"
    title = "The e-mail or the password is wrong"


class EmailTaken(DomainError):
    code = "email_taken"
    title = "There is an account with this e-mail already"


class BadEmail(Invalid):
    code = "bad_email"
    title = "The e-mail is not an address that mail can be sent to"


class BadName(Invalid):
    code = "bad_name"
    title = "The name is not one of a person"


class PasswordTooShort(Invalid):
    code = "password_too_short"
    title = "The password needs 12 characters or more"


class UserNotFound(NotFound):
    code = "user_not_found"
    title = "There is no account with this e-mail"


class LastAdmin(DomainError):
    code = "last_admin"
    title = "This is the last admin who can sign in; make another one first"


class ApiKeyNotFound(NotFound):
    code = "api_key_not_found"
    title = "There is no API key of this name"


class KeyNameTaken(DomainError):
    code = "key_name_taken"
    title = "There is an API key of this name already"


class BadKeyName(Invalid):
    code = "bad_key_name"
    title = "A key's name has 1 to 64 letters, digits or . _ -"


class BadRate(Invalid):
    code = "bad_rate"
    title = "Not a limit such as 600/minute"
