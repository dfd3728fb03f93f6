"""Jobs: when a row was handed over to the broker, and when a task began it.

The release before leaves both alone: what it handed over is handed over again, and begun once.

Revision ID: 0025
Revises: 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE outbox ADD COLUMN IF NOT EXISTS handed_over_at timestamptz")
    op.execute("ALTER TABLE outbox ADD COLUMN IF NOT EXISTS begun_at timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE outbox DROP COLUMN IF EXISTS begun_at")
    op.execute("ALTER TABLE outbox DROP COLUMN IF EXISTS handed_over_at")
