"""Failed jobs are counted on the dashboard: an index of them alone.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_outbox_failed",
            "outbox",
            ["failed_at"],
            unique=False,
            postgresql_where=sa.text("failed_at IS NOT NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_outbox_failed", table_name="outbox", postgresql_concurrently=True)
