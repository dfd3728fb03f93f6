"""Jobs of payments."""

from falconbus.platform.jobs import Job, Queue

SANDBOX_WEBHOOK = Job("payments.sandbox_webhook", Queue.DEFAULT)

JOBS = (SANDBOX_WEBHOOK,)
