"""Errors of reading notifications."""

from falconbus.platform.kit.errors import NotFound


class NotificationNotFound(NotFound):
    code = "notification_not_found"
    title = "You have no such notification"


class SwitchNotFound(NotFound):
    code = "switch_not_found"
    title = "There is no such page"
