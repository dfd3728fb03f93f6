"""What no longer holds of rides to come is kept, so that it is told once; live duties are found by their start.

The index is made without a lock, outside a transaction; whatever this was stopped at, it can be run again.

Revision ID: 0022
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0017"
branch_labels = None
depends_on = None

_REFERENCES = {"staff_id": "users", "bus_id": "buses", "appointment_id": "appointments"}
_LIVE = "CREATE INDEX CONCURRENTLY ix_assignments_live ON assignments (starts_at) WHERE status IN ('offered','accepted')"


def upgrade() -> None:
    op.create_table(
        "lapses",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("bus_id", sa.Integer(), nullable=True),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("schedule_id", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_lapses_{column}"), ondelete="CASCADE"
            )
            for column, table in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lapses")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_lapses_subject",
        "lapses",
        ["kind", *_REFERENCES, "schedule_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        if_not_exists=True,
    )
    with op.get_context().autocommit_block():
        # One that was stopped while it was built is there, and is not valid.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_assignments_live")
        op.execute(_LIVE)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_assignments_live")
    op.execute("DROP TABLE IF EXISTS lapses")
