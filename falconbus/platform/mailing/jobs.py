"""The job of sending a mail."""

from falconbus.platform.jobs import Job, Queue

SEND_MAIL = Job("messaging.send_mail", Queue.MAIL)
