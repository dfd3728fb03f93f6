"""Advice: proposals of indexes, with their proof and what became of them.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "performance_advice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("table_schema", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("keys", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("index_name", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("together_with", sa.Text(), nullable=True),
        sa.Column("before_ms", sa.Float(), nullable=False),
        sa.Column("after_ms", sa.Float(), nullable=False),
        sa.Column("sample_rows", sa.BigInteger(), nullable=False),
        sa.Column("sample_share", sa.Float(), nullable=False),
        sa.Column("index_bytes", sa.BigInteger(), nullable=False),
        sa.Column("mean_ms", sa.Float(), nullable=True),
        sa.Column("calls_per_hour", sa.Float(), nullable=True),
        sa.Column("plan_before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("plan_after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("measured_before_ms", sa.Float(), nullable=True),
        sa.Column("measured_after_ms", sa.Float(), nullable=True),
        sa.Column("measured_calls", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open','applied','dismissed','withdrawn')", name=op.f("ck_performance_advice_state")
        ),
        sa.CheckConstraint(
            "(state = 'applied') = (applied_at IS NOT NULL)", name=op.f("ck_performance_advice_applied_at")
        ),
        sa.CheckConstraint("before_ms >= 0 AND after_ms >= 0", name=op.f("ck_performance_advice_times")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performance_advice")),
    )
    op.create_index(
        "uq_performance_advice_fingerprint_definition", "performance_advice", ["fingerprint", "definition"], unique=True
    )
    op.create_table(
        "performance_advice_checks",
        sa.Column("fingerprint", sa.String(length=16), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proven", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_performance_advice_checks")),
    )


def downgrade() -> None:
    op.drop_table("performance_advice_checks")
    op.drop_index("uq_performance_advice_fingerprint_definition", table_name="performance_advice")
    op.drop_table("performance_advice")
