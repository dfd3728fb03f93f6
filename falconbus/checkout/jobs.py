"""Jobs of the till."""

from falconbus.platform.jobs import Job, Queue

REFUND = Job("checkout.refund", Queue.DEFAULT)

JOBS = (REFUND,)
