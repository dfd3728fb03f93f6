"""Refusals about mails."""

from falconbus.platform.kit.errors import NotFound


class MailNotFound(NotFound):
    code = "mail_not_found"
    title = "There is no such mail"
