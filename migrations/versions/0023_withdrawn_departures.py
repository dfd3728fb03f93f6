"""Departures can be cancelled, and travellers are told of other times and coaches.

A trigger notes on the departure which coach was told last, whoever changes its bus or times: what is told is found by a
small index, not by a look at every journey. Commits before it ends, and can be run again wherever it was stopped. The
code of the release before sells nothing of a cancelled departure, since that is off sale, too.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_COLUMNS = {
    "schedules": {
        "cancelled_at": "timestamptz",
        "cancellation_reason": "varchar(300)",
        "told_bus_number": "varchar(32)",
        "untold_since": "timestamptz",
    },
    "journeys": {
        "sold_departs_at": "timestamptz",
        "sold_arrives_at": "timestamptz",
        "revision": "smallint NOT NULL DEFAULT 0",
    },
}
_CANCELLED = "cancelled_at IS NULL OR (NOT active AND cancellation_reason IS NOT NULL)"
# A bus may be on a charter while a departure of its would be that is cancelled (0014 has the whole of it).
_CHARTER = """
    CREATE OR REPLACE FUNCTION check_charter_bus() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM FROM buses WHERE id = NEW.bus_id FOR UPDATE;
        PERFORM FROM schedules
        WHERE bus_id = NEW.bus_id AND departure_time < NEW.ends_at AND arrival_time > NEW.starts_at {condition};
        IF FOUND THEN
            RAISE EXCEPTION 'bus % has a departure during the charter', NEW.bus_id
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'schedules_bus_on_charter', TABLE = 'appointments';
        END IF;
        RETURN NEW;
    END $$
"""
_NOTE_CHANGE = """
    CREATE OR REPLACE FUNCTION note_schedule_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.told_bus_number = coalesce(OLD.told_bus_number, (SELECT number FROM buses WHERE id = OLD.bus_id));
        NEW.untold_since = coalesce(OLD.untold_since, now());
        RETURN NEW;
    END $$
"""
_TRIGGER = """
    CREATE OR REPLACE TRIGGER note_change
    BEFORE UPDATE OF bus_id, departure_time, arrival_time, timetable_id ON schedules
    FOR EACH ROW WHEN (NEW.bus_id <> OLD.bus_id OR NEW.departure_time <> OLD.departure_time
                       OR NEW.arrival_time <> OLD.arrival_time OR NEW.timetable_id <> OLD.timetable_id)
    EXECUTE FUNCTION note_schedule_change()
"""
_INDEXES = {
    "ix_schedules_untold": "(id) WHERE told_bus_number IS NOT NULL",
    "ix_schedules_cancelled": "(route_id, departure_time) WHERE cancelled_at IS NOT NULL",
}


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        added = ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {kind}" for name, kind in columns.items())
        op.execute(f"ALTER TABLE {table} {added}")
    op.create_table(
        "departure_notices",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("booking_id", sa.BigInteger(), nullable=False),
        sa.Column("schedule_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("refund", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("journeys", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("kind IN ('cancelled','changed')", name=op.f("ck_departure_notices_kind")),
        sa.CheckConstraint("refund >= 0", name=op.f("ck_departure_notices_refund")),
        sa.CheckConstraint("kind <> 'cancelled' OR reason IS NOT NULL", name=op.f("ck_departure_notices_reason")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_departure_notices_booking_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f("fk_departure_notices_schedule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departure_notices")),
        if_not_exists=True,
    )
    for column in ("booking_id", "schedule_id"):
        op.create_index(
            f"ix_departure_notices_{column}", "departure_notices", [column], unique=False, if_not_exists=True
        )
    op.execute(
        "-- squawk-ignore ban-drop-constraint\nALTER TABLE schedules DROP CONSTRAINT IF EXISTS ck_schedules_cancelled"
    )
    op.execute(f"ALTER TABLE schedules ADD CONSTRAINT ck_schedules_cancelled CHECK ({_CANCELLED}) NOT VALID")
    op.execute(_CHARTER.format(condition="AND cancelled_at IS NULL"))
    op.execute(_NOTE_CHANGE)
    op.execute(_TRIGGER)
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE schedules VALIDATE CONSTRAINT ck_schedules_cancelled")
        for name, what in _INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON schedules {what}")


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS note_change ON schedules")
    op.execute("DROP FUNCTION IF EXISTS note_schedule_change()")
    op.execute(_CHARTER.format(condition=""))
    with op.get_context().autocommit_block():
        for name in _INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute("DROP TABLE IF EXISTS departure_notices")
    op.execute("ALTER TABLE schedules DROP CONSTRAINT IF EXISTS ck_schedules_cancelled")
    for table, columns in _COLUMNS.items():
        op.execute(f"ALTER TABLE {table} " + ", ".join(f"DROP COLUMN IF EXISTS {name}" for name in columns))
