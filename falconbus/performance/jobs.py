"""The jobs of this feature."""

from falconbus.platform.jobs import Job, Queue

COMPARE = Job("performance.compare", Queue.BULK)
ADVISE = Job("performance.advise", Queue.BULK)

#: The night's backup; asked for by beat.
BACK_UP = Job("backups.take", Queue.BULK)

JOBS = (
    BACK_UP,
    COMPARE,
    ADVISE,
)
