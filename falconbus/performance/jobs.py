"""The jobs of this feature."""

from falconbus.platform.jobs import Job, Queue

COMPARE = Job("performance.compare", Queue.BULK)
ADVISE = Job("performance.advise", Queue.BULK)

JOBS = (
    COMPARE,
    ADVISE,
)
