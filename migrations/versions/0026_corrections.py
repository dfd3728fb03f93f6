"""Mails can be told again and held back, manage links renewed, names corrected; who caused an unpaid mail is counted.

Both ways commit before they end, and can be run again wherever they were stopped.

Revision ID: 0026
Revises: 0025
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_COLUMNS = {
    "bookings": ("link_version smallint DEFAULT 1 NOT NULL", "client varchar(16)"),
    "passengers": ("revision smallint DEFAULT 0 NOT NULL",),
    "mails": ("edition smallint DEFAULT 1 NOT NULL", "client varchar(16)"),
}
_BEFORE = "'queued','sending','sent','failed'"


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        op.execute(f"ALTER TABLE {table} " + ", ".join(f"ADD COLUMN IF NOT EXISTS {column}" for column in columns))
    _allow(f"{_BEFORE},'dropped'")
    with op.get_context().autocommit_block():
        for name, column in (("ix_mails_recipient", "recipient"), ("ix_mails_client", "client")):
            # One that was stopped while it was built is there, and is not valid.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(
                f"CREATE INDEX CONCURRENTLY {name} ON mails ({column}, created_at) WHERE client IS NOT NULL"
            )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in ("ix_mails_recipient", "ix_mails_client"):
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute("UPDATE mails SET status = 'failed' WHERE status = 'dropped'")
    # The code before knows no editions, and would fail these jobs for ever.
    op.execute("UPDATE outbox SET arguments = arguments - 'edition' WHERE job = 'messaging.send_mail' AND done_at IS NULL")
    op.execute("UPDATE outbox SET arguments = arguments - 'client' WHERE job = 'scheduling.tell_client' AND done_at IS NULL")
    _allow(_BEFORE)
    for table, columns in _COLUMNS.items():
        names = (column.split()[0] for column in columns)
        op.execute(f"ALTER TABLE {table} " + ", ".join(f"DROP COLUMN IF EXISTS {name}" for name in names))


def _allow(states: str) -> None:
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE mails DROP CONSTRAINT IF EXISTS ck_mails_status")
    op.execute(f"ALTER TABLE mails ADD CONSTRAINT ck_mails_status CHECK (status IN ({states})) NOT VALID")
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE mails VALIDATE CONSTRAINT ck_mails_status")
