"""Feed imports.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed_imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('queued','running','done','failed')", name=op.f("ck_feed_imports_status")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_feed_imports_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_imports")),
    )
    op.create_index("ix_feed_imports_created", "feed_imports", ["created_at"], unique=False)
    op.create_index(op.f("ix_feed_imports_user_id"), "feed_imports", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_feed_imports_user_id"), table_name="feed_imports")
    op.drop_index("ix_feed_imports_created", table_name="feed_imports")
    op.drop_table("feed_imports")
