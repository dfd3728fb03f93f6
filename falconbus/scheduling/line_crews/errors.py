"""Why a departure's crew is not changed."""

from falconbus.platform.kit.errors import DomainError


class ScheduleLeft(DomainError):
    code = "schedule_left"
    title = "This coach has left; its crew stays as it was"
