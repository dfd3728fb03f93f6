"""A bus on a charter runs no line meanwhile, and the other way round.

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Both sides meet at the row of the bus, which they keep until they commit: a charter FOR UPDATE, a departure FOR KEY
# SHARE. These two exclude each other, departures among themselves go on side by side. Whoever has to wait looks with a
# snapshot taken afterwards (each statement of a volatile function takes one, under READ COMMITTED), and sees the other.
# Before the row is written: two charters that had the key share of their foreign key would wait for each other.
_CHARTER = """
    CREATE FUNCTION check_charter_bus() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM FROM buses WHERE id = NEW.bus_id FOR UPDATE;
        PERFORM FROM schedules
        WHERE bus_id = NEW.bus_id AND departure_time < NEW.ends_at AND arrival_time > NEW.starts_at;
        IF FOUND THEN
            RAISE EXCEPTION 'bus % has a departure during the charter', NEW.bus_id
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'schedules_bus_on_charter', TABLE = 'appointments';
        END IF;
        RETURN NEW;
    END $$
"""

# The foreign key has the key share of each bus by now: its trigger is a row's, and these run before a statement's.
# First the few charters of the buses at hand, by the index of ex_appointments_bus. EXECUTE plans for as many rows as
# there are this time; a plan kept from one row would go through a million once for each charter, and so would one that
# is asked for the first that is found (LIMIT 1): it hopes for one, and there is none.
_NEW_SCHEDULES = """
    CREATE FUNCTION check_new_schedules() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        refused integer;
    BEGIN
        EXECUTE $query$
            WITH chartered AS MATERIALIZED (
                SELECT charter.bus_id, charter.starts_at, charter.ends_at
                FROM (SELECT bus_id, min(departure_time) AS first, max(arrival_time) AS last
                      FROM new_schedules GROUP BY bus_id) AS used
                JOIN appointments AS charter
                  ON owner_time(charter.bus_id, charter.starts_at, charter.ends_at)
                     && owner_time(used.bus_id, used.first, used.last)
                WHERE charter.bus_id IS NOT NULL AND charter.status <> 'cancelled'
            )
            SELECT min(bus_id) FROM new_schedules AS schedule JOIN chartered USING (bus_id)
            WHERE schedule.departure_time < chartered.ends_at AND schedule.arrival_time > chartered.starts_at
        $query$ INTO refused;
        IF refused IS NOT NULL THEN
            RAISE EXCEPTION 'bus % is on a charter at the time of a departure', refused
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'schedules_bus_on_charter', TABLE = 'schedules';
        END IF;
        RETURN NULL;
    END $$
"""

# Other times alone do not concern the foreign key: the lock is taken here. A row's trigger, because one that is told of
# a statement's rows is told of every update, a feed's hundred thousand off sale included.
_MOVED_SCHEDULE = """
    CREATE FUNCTION check_moved_schedule() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM FROM buses WHERE id = NEW.bus_id FOR KEY SHARE;
        PERFORM FROM appointments
        WHERE bus_id IS NOT NULL AND status <> 'cancelled'
          AND owner_time(bus_id, starts_at, ends_at) && owner_time(NEW.bus_id, NEW.departure_time, NEW.arrival_time)
          AND bus_id = NEW.bus_id AND starts_at < NEW.arrival_time AND ends_at > NEW.departure_time;
        IF FOUND THEN
            RAISE EXCEPTION 'bus % is on a charter at the time of a departure', NEW.bus_id
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'schedules_bus_on_charter', TABLE = 'schedules';
        END IF;
        RETURN NULL;
    END $$
"""

_TRIGGERS = (
    """
    CREATE TRIGGER charter_bus_insert BEFORE INSERT ON appointments
    FOR EACH ROW WHEN (NEW.bus_id IS NOT NULL AND NEW.status <> 'cancelled')
    EXECUTE FUNCTION check_charter_bus()
    """,
    """
    CREATE TRIGGER charter_bus_update BEFORE UPDATE OF bus_id, starts_at, ends_at, status ON appointments
    FOR EACH ROW WHEN (NEW.bus_id IS NOT NULL AND NEW.status <> 'cancelled' AND (
        OLD.status = 'cancelled' OR NEW.bus_id IS DISTINCT FROM OLD.bus_id
        OR NEW.starts_at <> OLD.starts_at OR NEW.ends_at <> OLD.ends_at))
    EXECUTE FUNCTION check_charter_bus()
    """,
    """
    CREATE TRIGGER charter_bus_insert AFTER INSERT ON schedules
    REFERENCING NEW TABLE AS new_schedules
    FOR EACH STATEMENT EXECUTE FUNCTION check_new_schedules()
    """,
    """
    CREATE TRIGGER charter_bus_update AFTER UPDATE OF bus_id, departure_time, arrival_time ON schedules
    FOR EACH ROW WHEN (NEW.bus_id <> OLD.bus_id OR NEW.departure_time <> OLD.departure_time
                       OR NEW.arrival_time <> OLD.arrival_time)
    EXECUTE FUNCTION check_moved_schedule()
    """,
)


def upgrade() -> None:
    for statement in (_CHARTER, _NEW_SCHEDULES, _MOVED_SCHEDULE, *_TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    for table in ("schedules", "appointments"):
        op.execute(f"DROP TRIGGER charter_bus_insert ON {table}")
        op.execute(f"DROP TRIGGER charter_bus_update ON {table}")
    for function in ("check_charter_bus", "check_new_schedules", "check_moved_schedule"):
        op.execute(f"DROP FUNCTION {function}()")
