"""Attempts to pay bear their Idempotency-Key, and can be unresolved; the sandbox's books keep the currency.

The new states and columns are unknown to the code of the release before, which goes on writing meanwhile. Can be run
again wherever it was stopped.

Revision ID: 0021
Revises: 0020
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_KNOWN = "'started','pending','paid','declined','failed'"


def upgrade() -> None:
    op.execute("ALTER TABLE sandbox_charges ADD COLUMN IF NOT EXISTS currency varchar(3)")
    op.execute(
        "ALTER TABLE payments ADD COLUMN IF NOT EXISTS idempotency_digest varchar(64),"
        " ADD COLUMN IF NOT EXISTS request_hash varchar(64)"
    )
    _check_status(f"{_KNOWN},'unresolved'")
    _index("ix_payments_unsettled", "'started','pending','unresolved'", instead_of="ix_payments_open")


def downgrade() -> None:
    # The code before asks after what is started, of which a booking can have one.
    op.execute("""
        UPDATE payments SET status = CASE WHEN id = (
            SELECT max(id) FROM payments AS other
            WHERE other.booking_id = payments.booking_id AND other.status IN ('started','pending','unresolved')
        ) AND NOT EXISTS (
            SELECT FROM payments AS other
            WHERE other.booking_id = payments.booking_id AND other.status IN ('started','pending')
        ) THEN 'started' ELSE 'failed' END
        WHERE status = 'unresolved'
    """)
    _check_status(_KNOWN)
    _index("ix_payments_open", "'started','pending'", instead_of="ix_payments_unsettled")
    op.execute("ALTER TABLE payments DROP COLUMN IF EXISTS idempotency_digest, DROP COLUMN IF EXISTS request_hash")
    op.execute("ALTER TABLE sandbox_charges DROP COLUMN IF EXISTS currency")


def _check_status(allowed: str) -> None:
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE payments DROP CONSTRAINT IF EXISTS ck_payments_status")
    op.execute(f"ALTER TABLE payments ADD CONSTRAINT ck_payments_status CHECK (status IN ({allowed})) NOT VALID")
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE payments VALIDATE CONSTRAINT ck_payments_status")


def _index(name: str, statuses: str, *, instead_of: str) -> None:
    with op.get_context().autocommit_block():
        # One that was stopped while it was built is there, and is not valid.
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"CREATE INDEX CONCURRENTLY {name} ON payments (lease_until) WHERE status IN ({statuses})")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {instead_of}")
