"""One task for each Job: it calls one use case, and is safe to run twice."""

from flask import current_app

from falconbus.checkout import cancelling
from falconbus.checkout.jobs import REFUND
from falconbus.gtfs import service as gtfs
from falconbus.gtfs.jobs import IMPORT_FEED
from falconbus.messaging import charter_mails, staff_mails
from falconbus.messaging import service as messaging
from falconbus.messaging.jobs import SEND_MAIL
from falconbus.payments import service as payments
from falconbus.payments.jobs import SANDBOX_WEBHOOK
from falconbus.performance.advisor import service as advisor
from falconbus.performance.jobs import ADVISE, COMPARE
from falconbus.performance.release_comparison import service as verdicts
from falconbus.platform import jobs
from falconbus.platform.caching import maintenance
from falconbus.platform.caching.maintenance import WARM_CACHES
from falconbus.platform.integrations.payments.provider import ProviderFault
from falconbus.platform.jobs import RELAY_TASK, celery
from falconbus.scheduling.jobs import MAIL_NOTIFICATION, TELL_CLIENT

IMPORT_LIMIT_SECONDS = 3600


@celery.task(name=RELAY_TASK)
def relay() -> None:
    """Hand the outbox's due rows to their tasks."""
    jobs.relay()


@celery.task(name=SEND_MAIL)
def send_mail(outbox_id: int, mail_id: int) -> None:
    """Render a mail and hand it to SMTP."""
    messaging.send(mail_id, outbox_id)


@celery.task(name=MAIL_NOTIFICATION)
def mail_notification(outbox_id: int, notification_id: int) -> None:
    """Mail a notification to its recipient."""
    staff_mails.mail_notification(notification_id, outbox_id)


@celery.task(name=TELL_CLIENT)
def tell_client(outbox_id: int, change_id: int) -> None:
    """Notify a charter's client of a change."""
    charter_mails.tell_client(change_id, outbox_id)


@celery.task(name=REFUND)
def refund(outbox_id: int, refund_id: int) -> None:
    """Have the payment provider pay a refund."""
    cancelling.pay_refund(refund_id, outbox_id)


@celery.task(name=SANDBOX_WEBHOOK)
def sandbox_webhook(outbox_id: int, payment_key: str) -> None:
    """Send the sandbox's webhook on a slow payment to our own address."""
    address = f"{current_app.config['SETTINGS'].public_url}/api/v1/payments/webhooks/sandbox"
    try:
        payments.get_sandbox().send_webhook(payment_key, address)
    except ProviderFault as fault:
        jobs.failed(outbox_id, str(fault), retry=True)
    else:
        jobs.done(outbox_id)


@celery.task(name=WARM_CACHES)
def warm_caches(outbox_id: int) -> None:
    """Recompute the most requested cached responses."""
    maintenance.warm()
    jobs.done(outbox_id)


@celery.task(name=COMPARE)
def compare(outbox_id: int, comparison_id: int) -> None:
    """Compare two releases or stretches of time."""
    verdicts.run_comparison(comparison_id, outbox_id)


@celery.task(name=ADVISE)
def advise(outbox_id: int, fingerprint: str) -> None:
    """Look for an index that helps a statement, and prove it."""
    advisor.run_advice(fingerprint, outbox_id)


@celery.task(name=IMPORT_FEED, soft_time_limit=IMPORT_LIMIT_SECONDS, time_limit=IMPORT_LIMIT_SECONDS + 60)
def import_feed(outbox_id: int, import_id: int) -> None:
    """Import an uploaded feed."""
    gtfs.run_import(import_id, outbox_id)
