"""The brand: one row, made when it is first changed.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "brand",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("colour", sa.String(length=7), nullable=True),
        sa.Column("support_email", sa.String(length=254), nullable=True),
        sa.Column("support_phone", sa.String(length=31), nullable=True),
        sa.Column("website", sa.String(length=200), nullable=True),
        sa.Column("imprint", sa.Text(), nullable=True),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("logo_hash", sa.String(length=16), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_brand_one_row")),
        sa.CheckConstraint("colour ~ '^#[0-9a-f]{6}$'", name=op.f("ck_brand_colour")),
        sa.CheckConstraint("(logo IS NULL) = (logo_hash IS NULL)", name=op.f("ck_brand_logo")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brand")),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS brand")
