"""A mail has one key: its kind, its subject, its sequence.

What fills the key of old mails runs outside a transaction, a batch at a time, and can be run again; the code of the
release before goes on writing mails meanwhile, whose key a trigger fills. Then the old columns go at once, and from here
on that code cannot write mails.

Revision ID: 0016
Revises: 0015
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# Of the three subjects a mail has one (ck_mails_subject).
_KIND = "CASE WHEN {0}booking_id IS NOT NULL THEN 'booking.' || {0}event ELSE {0}event END"
_SUBJECT = "coalesce({0}booking_id, {0}notification_id, {0}change_id)"

_FILL_NEW = f"""
    CREATE OR REPLACE FUNCTION fill_mail_key() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.kind = {_KIND.format("NEW.")};
        NEW.subject_id = {_SUBJECT.format("NEW.")};
        RETURN NEW;
    END $$
"""
_TRIGGER = """
    CREATE OR REPLACE TRIGGER mails_fill_key BEFORE INSERT ON mails
    FOR EACH ROW WHEN (NEW.kind IS NULL) EXECUTE FUNCTION fill_mail_key()
"""
_FILL_OLD = f"""
    DO $$
    DECLARE
        done bigint = 0;
        upper bigint;
    BEGIN
        LOOP
            SELECT max(id) INTO upper FROM (SELECT id FROM mails WHERE id > done ORDER BY id LIMIT 10000) AS batch;
            EXIT WHEN upper IS NULL;
            UPDATE mails SET kind = {_KIND.format("")}, subject_id = {_SUBJECT.format("")}
            WHERE id > done AND id <= upper AND kind IS NULL;
            COMMIT;
            done = upper;
        END LOOP;
    END $$
"""
FILL = (
    "ALTER TABLE mails ADD COLUMN IF NOT EXISTS kind varchar(64), ADD COLUMN IF NOT EXISTS subject_id bigint",
    _FILL_NEW,
    _TRIGGER,
    _FILL_OLD,
    "DROP INDEX CONCURRENTLY IF EXISTS uq_mails_kind_subject_id_sequence",
    "CREATE UNIQUE INDEX CONCURRENTLY uq_mails_kind_subject_id_sequence ON mails (kind, subject_id, sequence)",
    "-- squawk-ignore ban-drop-constraint\nALTER TABLE mails DROP CONSTRAINT IF EXISTS ck_mails_key",
    "ALTER TABLE mails ADD CONSTRAINT ck_mails_key CHECK (kind IS NOT NULL AND subject_id IS NOT NULL) NOT VALID",
    "ALTER TABLE mails VALIDATE CONSTRAINT ck_mails_key",
)

# The foreign keys go with their columns, for which their tables are locked, too: in the order in which use cases do.
_LOCK = "LOCK TABLE bookings, appointment_changes, notifications, mails IN ACCESS EXCLUSIVE MODE"
# ck_mails_key spares SET NOT NULL the look at every row; ck_mails_subject and the old keys go with the columns.
_SWAP = (
    "ALTER TABLE mails ALTER COLUMN kind SET NOT NULL, ALTER COLUMN subject_id SET NOT NULL",
    "-- squawk-ignore ban-drop-constraint\nALTER TABLE mails DROP CONSTRAINT ck_mails_key",
    "ALTER TABLE mails ADD CONSTRAINT uq_mails_kind_subject_id_sequence"
    " UNIQUE USING INDEX uq_mails_kind_subject_id_sequence",
    "DROP TRIGGER mails_fill_key ON mails",
    "-- squawk-ignore ban-drop-function\nDROP FUNCTION fill_mail_key()",
    "-- squawk-ignore ban-drop-column\n"
    "ALTER TABLE mails DROP COLUMN booking_id, DROP COLUMN notification_id, DROP COLUMN change_id, DROP COLUMN event",
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for statement in FILL:
            op.execute(statement)
    for statement in (_LOCK, *_SWAP):
        op.execute(statement)


# Which kinds the code before knows, and how it calls them: the column of the subject, its table, the event.
_KNOWN = (
    ("booking_id", "bookings", "'booking.confirmation', 'booking.cancellation',"
                               " 'booking.hold_expired', 'booking.payment_returned'"),
    ("notification_id", "notifications", "'notification'"),
    ("change_id", "appointment_changes", "'charter'"),
)  # fmt: skip
_OLD_COLUMNS = (
    "booking_id bigint CONSTRAINT fk_mails_booking_id REFERENCES bookings",
    "notification_id bigint CONSTRAINT fk_mails_notification_id REFERENCES notifications ON DELETE CASCADE",
    "change_id bigint CONSTRAINT fk_mails_change_id REFERENCES appointment_changes ON DELETE CASCADE",
    "event varchar(32)",
)


def downgrade() -> None:
    op.execute(_LOCK)
    op.execute("ALTER TABLE mails " + ", ".join(f"ADD COLUMN {column}" for column in _OLD_COLUMNS))
    for column, table, kinds in _KNOWN:
        op.execute(f"""
            UPDATE mails SET {column} = subject.id, event = regexp_replace(mails.kind, '^booking[.]', '')
            FROM {table} AS subject WHERE subject.id = mails.subject_id AND mails.kind IN ({kinds})
        """)
    # Kinds that only later code knows, and mails whose subject is gone.
    op.execute("""
        DELETE FROM outbox WHERE job = 'messaging.send_mail'
           AND (arguments ->> 'mail_id')::bigint IN (SELECT id FROM mails WHERE event IS NULL)
    """)
    op.execute("DELETE FROM mails WHERE event IS NULL")
    op.execute("ALTER TABLE mails ALTER COLUMN event SET NOT NULL, DROP COLUMN kind, DROP COLUMN subject_id")
    op.execute(
        "ALTER TABLE mails ADD CONSTRAINT ck_mails_subject"
        " CHECK (num_nonnulls(booking_id, notification_id, change_id) = 1)"
    )
    op.execute(
        "ALTER TABLE mails ADD CONSTRAINT uq_mails_booking_id_event_sequence UNIQUE (booking_id, event, sequence)"
    )
    for column, _, _ in _KNOWN[1:]:
        op.execute(f"CREATE UNIQUE INDEX ix_mails_{column} ON mails ({column}) WHERE {column} IS NOT NULL")
