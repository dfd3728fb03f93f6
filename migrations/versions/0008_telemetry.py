"""Telemetry: what the system measures of itself.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('telemetry_minutes',
    sa.Column('minute', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('minute', name=op.f('pk_telemetry_minutes'))
    )
    op.create_table('telemetry_releases',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('first_seen', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_seen', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_telemetry_releases'))
    )
    op.create_index('uq_telemetry_releases_name', 'telemetry_releases', ['name'], unique=True)
    op.create_table('telemetry_series',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('key', sa.ARRAY(sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_telemetry_series'))
    )
    op.create_index('uq_telemetry_series_key', 'telemetry_series', ['key'], unique=True)
    op.create_table('telemetry_statements',
    sa.Column('fingerprint', sa.String(length=16), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('types', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('chain', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('first_seen', sa.DateTime(timezone=True), nullable=False),
    sa.Column('plan', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('plan_fault', sa.Text(), nullable=True),
    sa.Column('planned_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('fingerprint', name=op.f('pk_telemetry_statements'))
    )
    op.create_table('telemetry_rollups',
    sa.Column('resolution', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('start', sa.DateTime(timezone=True), nullable=False),
    sa.Column('series_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('release_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.Column('total_us', sa.BigInteger(), nullable=False),
    sa.Column('buckets', sa.LargeBinary(), nullable=False),
    sa.Column('p95_bucket', sa.SmallInteger(), nullable=True),
    sa.Column('counters', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['series_id'], ['telemetry_series.id'], name=op.f('fk_telemetry_rollups_series_id')),
    sa.PrimaryKeyConstraint('resolution', 'kind', 'start', 'series_id', 'release_id', name=op.f('pk_telemetry_rollups'))
    )
    op.create_index('ix_telemetry_rollups_series_id_resolution_start', 'telemetry_rollups', ['series_id', 'resolution', 'start'], unique=False)
    op.create_table('telemetry_samples',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('series_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('took_us', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.SmallInteger(), nullable=False),
    sa.Column('request_id', sa.String(length=64), nullable=False),
    sa.Column('release_id', sa.Integer(), nullable=False),
    sa.Column('steps', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['series_id'], ['telemetry_series.id'], name=op.f('fk_telemetry_samples_series_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_telemetry_samples'))
    )
    op.create_index('ix_telemetry_samples_series_id_took_us', 'telemetry_samples', ['series_id', 'took_us'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_telemetry_samples_series_id_took_us', table_name='telemetry_samples')
    op.drop_table('telemetry_samples')
    op.drop_index('ix_telemetry_rollups_series_id_resolution_start', table_name='telemetry_rollups')
    op.drop_table('telemetry_rollups')
    op.drop_table('telemetry_statements')
    op.drop_index('uq_telemetry_series_key', table_name='telemetry_series')
    op.drop_table('telemetry_series')
    op.drop_index('uq_telemetry_releases_name', table_name='telemetry_releases')
    op.drop_table('telemetry_releases')
    op.drop_table('telemetry_minutes')
