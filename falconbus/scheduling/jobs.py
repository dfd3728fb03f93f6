"""Jobs of telling staff and clients; their mails are written in messaging."""

from falconbus.platform.jobs import Job, Queue

MAIL_NOTIFICATION = Job("messaging.mail_notification", Queue.DEFAULT)
TELL_CLIENT = Job("messaging.tell_client", Queue.CRITICAL)

JOBS = (
    MAIL_NOTIFICATION,
    TELL_CLIENT,
)
