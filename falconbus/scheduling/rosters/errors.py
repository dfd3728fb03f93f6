"""Errors of reading rosters."""

from falconbus.platform.kit.errors import NotFound


class CalendarNotFound(NotFound):
    code = "calendar_not_found"
    title = "There is no such calendar (any more); take its address from your roster anew"
