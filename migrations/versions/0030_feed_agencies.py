"""The agencies of each network, by which the next version of its feed is known.

The release before writes none; a network without any is known by its stops and their ids, as it was.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed_agencies",
        sa.Column("feed", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("feed", "name", name=op.f("pk_feed_agencies")),
    )


def downgrade() -> None:
    op.drop_table("feed_agencies")
