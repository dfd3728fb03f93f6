"""Mails about notifications and charters.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_SUBJECTS = (("notification_id", "notifications"), ("change_id", "appointment_changes"))


def upgrade() -> None:
    # Of mails without a booking only the tasks of this release know, which make them.
    op.execute("-- squawk-ignore ban-drop-not-null\nALTER TABLE mails ALTER COLUMN booking_id DROP NOT NULL")
    for column, table in _SUBJECTS:
        op.add_column("mails", sa.Column(column, sa.BigInteger(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_mails_{column}"), "mails", table, [column], ["id"], ondelete="CASCADE", postgresql_not_valid=True
        )
    op.execute(
        "ALTER TABLE mails ADD CONSTRAINT ck_mails_subject"
        " CHECK (num_nonnulls(booking_id, notification_id, change_id) = 1) NOT VALID"
    )
    with op.get_context().autocommit_block():
        for column, _ in _SUBJECTS:
            op.create_index(
                f"ix_mails_{column}",
                "mails",
                [column],
                unique=True,
                postgresql_where=sa.text(f"{column} IS NOT NULL"),
                postgresql_concurrently=True,
            )
        for constraint in ("fk_mails_notification_id", "fk_mails_change_id", "ck_mails_subject"):
            op.execute(f"ALTER TABLE mails VALIDATE CONSTRAINT {constraint}")


def downgrade() -> None:
    op.execute("""
        DELETE FROM outbox WHERE job IN ('messaging.mail_notification', 'messaging.tell_client')
           OR job = 'messaging.send_mail'
              AND (arguments ->> 'mail_id')::bigint IN (SELECT id FROM mails WHERE booking_id IS NULL)
    """)
    op.execute("DELETE FROM mails WHERE booking_id IS NULL")
    op.drop_constraint(op.f("ck_mails_subject"), "mails", type_="check")
    for column, _ in _SUBJECTS:
        op.drop_index(f"ix_mails_{column}", table_name="mails")
        op.drop_column("mails", column)
    op.alter_column("mails", "booking_id", existing_type=sa.BigInteger(), nullable=False)
