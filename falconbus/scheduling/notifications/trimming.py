"""Retention of notifications, read or not."""

from datetime import timedelta

from sqlalchemy import text

from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.mailing import service as mailing
from falconbus.scheduling.notifications import counting
from falconbus.scheduling.notifications.models import MAIL_KIND

#: Rows deleted per transaction, so that no lock is held for long; and transactions per night.
BATCH = 10_000
_BATCHES = 50

# By key, which grows with time: an index on the time would be one more to write for each notification. As arrays, the
# keys are looked up one by one whatever the limit; a plan for any limit (prepared statements keep one) reads it all.
_TRIM = text("""
    WITH oldest AS (SELECT ARRAY(SELECT id FROM notifications ORDER BY id LIMIT :batch) AS ids),
         unread AS (SELECT staff_id FROM unread_notifications
                    WHERE notification_id = ANY ((SELECT ids FROM oldest)::bigint[])),
         deleted AS (DELETE FROM notifications
                  WHERE id = ANY ((SELECT ids FROM oldest)::bigint[]) AND created_at < :before RETURNING id)
    SELECT ARRAY(SELECT id FROM deleted) AS deleted, ARRAY(SELECT DISTINCT staff_id FROM unread) AS staff_ids
""")


def trim() -> None:
    """Forget what is older than NOTIFICATION_DAYS with the mails about it, the oldest first."""
    days = get_settings().notification_days
    values = {"before": clock.now() - timedelta(days=days), "batch": BATCH}
    for _ in range(_BATCHES):
        row = db.session.execute(_TRIM, values).one()
        if row.deleted:
            counting.recount_after_commit(row.staff_ids)
            mailing.forget(MAIL_KIND, row.deleted)
        transactions.commit()
        if len(row.deleted) < BATCH:
            return
