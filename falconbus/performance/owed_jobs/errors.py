"""Refusals about owed jobs."""

from falconbus.platform.kit.errors import DomainError, NotFound


class JobNotFound(NotFound):
    code = "job_not_found"
    title = "No job of that number is owed"


class JobRunning(DomainError):
    code = "job_running"
    title = "A worker is at this job"
