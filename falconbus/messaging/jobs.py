"""Jobs of telling people."""

from falconbus.platform.jobs import Job, Queue

SEND_MAIL = Job("messaging.send_mail", Queue.CRITICAL)

JOBS = (SEND_MAIL,)
