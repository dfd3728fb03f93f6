"""Jobs of payments: what providers ask of our workers."""

from falconbus.platform.integrations.payments import registry
from falconbus.platform.integrations.payments.provider import FollowUp
from falconbus.platform.jobs import Job, Queue


def job_of(follow_up: FollowUp) -> Job:
    """Return the job that does a provider's follow-up."""
    return Job(follow_up.task, Queue.DEFAULT)


JOBS = tuple(job_of(follow_up) for _, follow_up in registry.follow_ups())
