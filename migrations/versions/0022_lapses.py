"""What no longer holds of rides to come is kept, so that it is told once; how far apart two rides are is known.

Live duties are found by their start, and bear the stops where they begin and end, as far as they are stops; duties to
come are filled in a batch at a time. The release before leaves these columns empty: of its duties no distance is known.

The index is made without a lock, outside a transaction; whatever this was stopped at, it can be run again.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_REFERENCES = {"staff_id": "users", "bus_id": "buses", "appointment_id": "appointments"}
_LIVE = "CREATE INDEX CONCURRENTLY ix_assignments_live ON assignments (starts_at) WHERE status IN ('offered','accepted')"
# The straight way between two stops on a sphere of 6371 km (haversine): no road is shorter. Within 20 km one is in the
# same town, and nothing is said. NULL (no stop, no position, a speed of 0) is not too far.
_TOO_FAR = """
    CREATE OR REPLACE FUNCTION too_far(origin integer, destination integer, gap interval, kmh integer) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT coalesce((
            SELECT kmh > 0 AND way.km > 20 AND way.km > kmh * extract(epoch FROM gap) / 3600
            FROM stops AS here
            CROSS JOIN stops AS there
            CROSS JOIN LATERAL (
                SELECT 12742 * asin(least(1, sqrt(
                    sin(radians(there.latitude - here.latitude) / 2) ^ 2
                    + cos(radians(here.latitude)) * cos(radians(there.latitude))
                    * sin(radians(there.longitude - here.longitude) / 2) ^ 2))) AS km
            ) AS way
            WHERE here.id = origin AND there.id = destination
              AND num_nulls(here.latitude, here.longitude, there.latitude, there.longitude) = 0
        ), false)
    $$
"""
_FILL = """
    DO $$
    DECLARE
        done bigint = 0;
        upper bigint;
    BEGIN
        LOOP
            SELECT max(id) INTO upper FROM (
                SELECT id FROM assignments WHERE id > done AND ends_at > now() ORDER BY id LIMIT 10000) AS batch;
            EXIT WHEN upper IS NULL;
            UPDATE assignments SET origin_stop_id = charter.pick_up_stop_id, destination_stop_id = charter.drop_off_stop_id
            FROM appointments AS charter
            WHERE assignments.id > done AND assignments.id <= upper AND assignments.ends_at > now()
              AND charter.id = assignments.appointment_id;
            UPDATE assignments SET origin_stop_id = route.origin_id, destination_stop_id = route.destination_id
            FROM schedules AS departure JOIN routes AS route ON route.id = departure.route_id
            WHERE assignments.id > done AND assignments.id <= upper AND assignments.ends_at > now()
              AND departure.id = assignments.schedule_id;
            COMMIT;
            done = upper;
        END LOOP;
    END $$
"""


def upgrade() -> None:
    op.execute(
        "ALTER TABLE assignments ADD COLUMN IF NOT EXISTS origin_stop_id integer,"
        " ADD COLUMN IF NOT EXISTS destination_stop_id integer"
    )
    op.execute(_TOO_FAR)
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
        op.execute(_FILL)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_assignments_live")
    op.execute("DROP TABLE IF EXISTS lapses")
    op.execute("-- squawk-ignore ban-drop-function\nDROP FUNCTION IF EXISTS too_far(integer, integer, interval, integer)")
    op.execute(
        "-- squawk-ignore ban-drop-column\n"
        "ALTER TABLE assignments DROP COLUMN IF EXISTS origin_stop_id, DROP COLUMN IF EXISTS destination_stop_id"
    )
