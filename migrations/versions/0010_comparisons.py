"""Comparisons: verdicts on releases and on stretches of time.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ONE_OF_BOTH = "num_nonnulls({0}_from, {0}_to) = CASE WHEN {0}_release IS NULL THEN 2 ELSE 0 END"


def upgrade() -> None:
    op.create_table(
        "performance_comparisons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("baseline_release", sa.String(length=64), nullable=True),
        sa.Column("baseline_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("baseline_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("candidate_release", sa.String(length=64), nullable=True),
        sa.Column("candidate_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("candidate_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdicts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued','running','done','failed')", name=op.f("ck_performance_comparisons_state")
        ),
        sa.CheckConstraint(ONE_OF_BOTH.format("baseline"), name=op.f("ck_performance_comparisons_baseline")),
        sa.CheckConstraint(ONE_OF_BOTH.format("candidate"), name=op.f("ck_performance_comparisons_candidate")),
        sa.CheckConstraint("baseline_to > baseline_from", name=op.f("ck_performance_comparisons_baseline_order")),
        sa.CheckConstraint("candidate_to > candidate_from", name=op.f("ck_performance_comparisons_candidate_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performance_comparisons")),
    )
    op.create_index(
        "ix_performance_comparisons_candidate_release",
        "performance_comparisons",
        ["candidate_release", "baseline_release"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_performance_comparisons_candidate_release", table_name="performance_comparisons")
    op.drop_table("performance_comparisons")
