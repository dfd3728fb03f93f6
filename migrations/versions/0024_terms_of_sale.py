"""A journey keeps the terms it was sold on: names of line and class, conditions, refund steps.

The terms of journeys sold before were not written down: those of the day of this migration are taken. The code of the
release before goes on selling meanwhile, and until it is stopped; a trigger fills in what it leaves out. The trigger
has no more to do when that code is gone, and goes with a migration of the release after this one.

It runs outside a transaction, a batch at a time, and can be run again wherever it was stopped.

Revision ID: 0024
Revises: 0023
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_STEPS = '[{"minutes_before": 1440, "percent": 90}, {"minutes_before": 120, "percent": 50}]'
_STEPS_OF_CLASS = f"CASE WHEN c.refundable THEN '{_STEPS}'::jsonb ELSE '[]'::jsonb END"
_TERMS = f"""
    SELECT r.name, c.name, c.conditions, {_STEPS_OF_CLASS}
    FROM schedules s JOIN routes r ON r.id = s.route_id CROSS JOIN fare_classes c
"""

_FILL_NEW = f"""
    CREATE OR REPLACE FUNCTION fill_journey_terms() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {_TERMS} WHERE s.id = NEW.schedule_id AND c.id = NEW.fare_class_id
        INTO NEW.route_name, NEW.fare_class_name, NEW.conditions, NEW.refund_steps;
        RETURN NEW;
    END $$
"""
_TRIGGER = """
    CREATE OR REPLACE TRIGGER journeys_fill_terms BEFORE INSERT ON journeys
    FOR EACH ROW WHEN (NEW.refund_steps IS NULL) EXECUTE FUNCTION fill_journey_terms()
"""
_FILL_OLD = f"""
    DO $$
    DECLARE
        done bigint = 0;
        upper bigint;
    BEGIN
        LOOP
            SELECT max(booking_id) INTO upper FROM (
                SELECT booking_id FROM journeys WHERE booking_id > done ORDER BY booking_id LIMIT 10000) AS batch;
            EXIT WHEN upper IS NULL;
            UPDATE journeys SET (route_name, fare_class_name, conditions, refund_steps) = (
                {_TERMS} WHERE s.id = journeys.schedule_id AND c.id = journeys.fare_class_id)
            WHERE booking_id > done AND booking_id <= upper AND refund_steps IS NULL;
            COMMIT;
            done = upper;
        END LOOP;
    END $$
"""
_COLUMNS = {
    "route_name": "varchar(200)", "fare_class_name": "varchar(100)", "conditions": "text", "refund_steps": "jsonb"
}  # fmt: skip
_FILLED = " AND ".join(f"{name} IS NOT NULL" for name in _COLUMNS)

# ck_journeys_terms spares SET NOT NULL the look at every row.
_STATEMENTS = (
    "ALTER TABLE journeys " + ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {kind}" for name, kind in _COLUMNS.items()),
    _FILL_NEW,
    _TRIGGER,
    _FILL_OLD,
    "-- squawk-ignore ban-drop-constraint\nALTER TABLE journeys DROP CONSTRAINT IF EXISTS ck_journeys_terms",
    f"ALTER TABLE journeys ADD CONSTRAINT ck_journeys_terms CHECK ({_FILLED}) NOT VALID",
    "ALTER TABLE journeys VALIDATE CONSTRAINT ck_journeys_terms",
    "ALTER TABLE journeys " + ", ".join(f"ALTER COLUMN {name} SET NOT NULL" for name in _COLUMNS),
    "-- squawk-ignore ban-drop-constraint\nALTER TABLE journeys DROP CONSTRAINT ck_journeys_terms",
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for statement in _STATEMENTS:
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS journeys_fill_terms ON journeys")
    op.execute("DROP FUNCTION IF EXISTS fill_journey_terms()")
    op.execute("ALTER TABLE journeys " + ", ".join(f"DROP COLUMN IF EXISTS {name}" for name in _COLUMNS))
