"""One task for each Job: it calls one use case, and is safe to run twice."""

from collections.abc import Callable
from functools import partial

from falconbus.checkout import refunding
from falconbus.checkout.jobs import REFUND
from falconbus.gtfs import service as gtfs
from falconbus.gtfs.jobs import IMPORT_FEED
from falconbus.messaging import service as messaging
from falconbus.payments import service as payments
from falconbus.payments.jobs import job_of
from falconbus.performance.advisor import service as advisor
from falconbus.performance.backups import service as backups
from falconbus.performance.backups.service import LIMIT
from falconbus.performance.jobs import ADVISE, BACK_UP, COMPARE
from falconbus.performance.release_comparison import service as verdicts
from falconbus.platform import jobs
from falconbus.platform import relay as relaying
from falconbus.platform.caching import maintenance
from falconbus.platform.caching.maintenance import WARM_CACHES
from falconbus.platform.integrations.payments import registry as payment_providers
from falconbus.platform.integrations.payments.provider import FollowUp
from falconbus.platform.jobs import RELAY_TASK, celery
from falconbus.platform.mailing import service as mailing
from falconbus.platform.mailing.jobs import SEND_MAIL
from falconbus.scheduling.jobs import MAIL_NOTIFICATION, TELL_CLIENT

IMPORT_LIMIT_SECONDS = 3600
#: Within jobs.LEASE, after which the job is handed over again. Longer work extends its lease.
LIMIT_SECONDS = 50
_task = partial(celery.task, soft_time_limit=LIMIT_SECONDS, time_limit=LIMIT_SECONDS + 5)


@celery.task(name=RELAY_TASK, soft_time_limit=20, time_limit=25)
def relay() -> None:
    """Hand the outbox's due rows to their tasks."""
    relaying.relay()


@_task(name=SEND_MAIL.name)
def send_mail(outbox_id: int, mail_id: int, edition: int = 1) -> None:
    """Render a mail and hand it to SMTP."""
    mailing.send(mail_id, outbox_id, edition)


@_task(name=MAIL_NOTIFICATION.name)
def mail_notification(outbox_id: int, notification_id: int) -> None:
    """Mail a notification to its recipient."""
    messaging.mail_notification(notification_id, outbox_id)


@_task(name=TELL_CLIENT.name)
def tell_client(outbox_id: int, change_id: int, client: str | None = None) -> None:
    """Notify a charter's client of a change."""
    messaging.tell_client(change_id, outbox_id, client)


@_task(name=REFUND.name)
def refund(outbox_id: int, refund_id: int) -> None:
    """Have the payment provider pay a refund."""
    refunding.pay_refund(refund_id, outbox_id)


@_task(name=WARM_CACHES.name)
def warm_caches(outbox_id: int) -> None:
    """Recompute the most requested cached responses."""
    maintenance.warm()
    jobs.done(outbox_id)


@celery.task(name=BACK_UP.name, soft_time_limit=LIMIT.total_seconds() - 60, time_limit=LIMIT.total_seconds() - 30)
def back_up(outbox_id: int) -> None:
    """Take the night's backup."""
    backups.run_backup(outbox_id)


@celery.task(name=COMPARE.name)
def compare(outbox_id: int, comparison_id: int) -> None:
    """Compare two releases or stretches of time."""
    verdicts.run_comparison(comparison_id, outbox_id)


@celery.task(name=ADVISE.name)
def advise(outbox_id: int, fingerprint: str) -> None:
    """Look for an index that helps a statement, and prove it."""
    advisor.run_advice(fingerprint, outbox_id)


@celery.task(name=IMPORT_FEED.name, soft_time_limit=IMPORT_LIMIT_SECONDS, time_limit=IMPORT_LIMIT_SECONDS + 60)
def import_feed(outbox_id: int, import_id: int) -> None:
    """Import an uploaded feed."""
    gtfs.run_import(import_id, outbox_id)


def follow_up_task(provider: str, work: FollowUp) -> Callable[[int, str], None]:
    """Make the task that does what a payment provider wanted done after a charge."""

    def run(outbox_id: int, payment_key: str) -> None:
        payments.follow_up(provider, work, payment_key, outbox_id)

    return run


for _provider, _work in payment_providers.follow_ups():
    _task(follow_up_task(_provider, _work), name=job_of(_work).name)
