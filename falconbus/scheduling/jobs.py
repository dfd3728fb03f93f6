"""Jobs that notify staff and clients by mail; messaging writes the mails."""

from falconbus.platform.jobs import Job, Queue

MAIL_NOTIFICATION = Job("messaging.mail_notification", Queue.DEFAULT)
TELL_CLIENT = Job("messaging.tell_client", Queue.DEFAULT)

JOBS = (
    MAIL_NOTIFICATION,
    TELL_CLIENT,
)
