"""Errors of changing a departure's crew."""

from falconbus.platform.kit.errors import DomainError


class ScheduleLeft(DomainError):
    code = "schedule_left"
    title = "This coach has left; its crew stays as it was"
