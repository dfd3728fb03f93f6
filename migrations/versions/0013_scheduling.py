"""Scheduling: staff, crews, appointments, notifications.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Each owner (a person, a bus) has 2^32 whole numbers for themselves: the seconds from 1970 to 2106. Ranges of different
# owners never meet, those of one meet when their times do: an exclusion over ranges then needs no btree_gist.
_OWNER_TIME = """
    CREATE FUNCTION owner_time(owner_id integer, starts_at timestamptz, ends_at timestamptz) RETURNS int8range
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN int8range(
        (owner_id::bigint << 32) + floor(extract(epoch FROM starts_at AT TIME ZONE 'UTC'))::bigint,
        (owner_id::bigint << 32) + ceil(extract(epoch FROM ends_at AT TIME ZONE 'UTC'))::bigint
    )
"""


def upgrade() -> None:
    op.execute(_OWNER_TIME)
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_users_staff",
            "users",
            ["name", "id"],
            unique=False,
            postgresql_where=sa.text("roles <> '{}'"),
            postgresql_concurrently=True,
        )
    op.create_table(
        "services",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("duration_minutes >= 0", name=op.f("ck_services_duration")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_services_price")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
        sa.UniqueConstraint("name", name=op.f("uq_services_name")),
    )
    op.create_table(
        "leaves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_leaves_days")),
        sa.ForeignKeyConstraint(["staff_id"], ["users.id"], name=op.f("fk_leaves_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaves")),
    )
    op.create_index("ix_leaves_staff", "leaves", ["staff_id", "last_day"], unique=False)
    op.create_table(
        "licences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["users.id"], name=op.f("fk_licences_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licences")),
        sa.UniqueConstraint("staff_id", "kind", "number", name=op.f("uq_licences_staff_id_kind_number")),
    )
    op.create_table(
        "staff_profiles",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("wants_mail", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("calendar_number", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["users.id"], name=op.f("fk_staff_profiles_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_profiles")),
    )
    op.create_table(
        "working_hours",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("begins_minute", sa.SmallInteger(), nullable=False),
        sa.Column("ends_minute", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("begins_minute BETWEEN 0 AND 1439", name=op.f("ck_working_hours_begins")),
        sa.CheckConstraint("ends_minute > begins_minute AND ends_minute <= 2880", name=op.f("ck_working_hours_ends")),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_working_hours_weekday")),
        sa.ForeignKeyConstraint(["staff_id"], ["users.id"], name=op.f("fk_working_hours_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("staff_id", "weekday", "begins_minute", name=op.f("pk_working_hours")),
    )
    op.create_table(
        "appointments",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("client_name", sa.String(length=100), nullable=False),
        sa.Column("client_email", sa.String(length=254), nullable=False),
        sa.Column("client_phone", sa.String(length=32), nullable=True),
        sa.Column("pick_up_stop_id", sa.Integer(), nullable=True),
        sa.Column("pick_up_text", sa.String(length=200), nullable=True),
        sa.Column("drop_off_stop_id", sa.Integer(), nullable=True),
        sa.Column("drop_off_text", sa.String(length=200), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("passengers", sa.SmallInteger(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("bus_id", sa.Integer(), nullable=True),
        sa.Column("operator_id", sa.Integer(), nullable=True),
        sa.Column("rejected_by_id", sa.Integer(), nullable=True),
        sa.Column("rejection_reason", sa.Text(), nullable=True),
        sa.Column("cancellation_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("owner_time(bus_id, starts_at, ends_at)"), "&&"),
            where=sa.text("bus_id IS NOT NULL AND status <> 'cancelled'"),
            using="gist",
            name="ex_appointments_bus",
        ),
        sa.CheckConstraint(
            "starts_at >= '1970-01-01 00:00+00' AND ends_at < '2106-01-01 00:00+00'", name=op.f("ck_appointments_era")
        ),
        sa.CheckConstraint(
            "status <> 'rejected' OR rejection_reason IS NOT NULL", name=op.f("ck_appointments_rejection")
        ),
        sa.CheckConstraint(
            "status IN ('pending','assigned','accepted','in_progress','completed','rejected','cancelled')",
            name=op.f("ck_appointments_status"),
        ),
        sa.CheckConstraint(
            "(drop_off_stop_id IS NULL) <> (drop_off_text IS NULL)", name=op.f("ck_appointments_drop_off")
        ),
        sa.CheckConstraint("(pick_up_stop_id IS NULL) <> (pick_up_text IS NULL)", name=op.f("ck_appointments_pick_up")),
        sa.CheckConstraint("client_email = lower(client_email)", name=op.f("ck_appointments_client_email_lower")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_appointments_duration")),
        sa.CheckConstraint("passengers BETWEEN 1 AND 1000", name=op.f("ck_appointments_passengers")),
        sa.ForeignKeyConstraint(["bus_id"], ["buses.id"], name=op.f("fk_appointments_bus_id")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["users.id"], name=op.f("fk_appointments_client_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["drop_off_stop_id"], ["stops.id"], name=op.f("fk_appointments_drop_off_stop_id")),
        sa.ForeignKeyConstraint(["operator_id"], ["users.id"], name=op.f("fk_appointments_operator_id")),
        sa.ForeignKeyConstraint(["pick_up_stop_id"], ["stops.id"], name=op.f("fk_appointments_pick_up_stop_id")),
        sa.ForeignKeyConstraint(["rejected_by_id"], ["users.id"], name=op.f("fk_appointments_rejected_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
        sa.UniqueConstraint("reference", name=op.f("uq_appointments_reference")),
    )
    op.create_index("ix_appointments_client", "appointments", ["client_id", "id"], unique=False)
    op.create_index("ix_appointments_client_email", "appointments", ["client_email", "id"], unique=False)
    op.create_index("ix_appointments_starts", "appointments", ["starts_at"], unique=False)
    op.create_index("ix_appointments_status", "appointments", ["status", "id"], unique=False)
    op.create_table(
        "appointment_changes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointments.id"],
            name=op.f("fk_appointment_changes_appointment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["by_id"], ["users.id"], name=op.f("fk_appointment_changes_by_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_changes")),
    )
    op.create_index("ix_appointment_changes_appointment", "appointment_changes", ["appointment_id", "id"], unique=False)
    op.create_table(
        "appointment_services",
        sa.Column("appointment_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.CheckConstraint("duration_minutes >= 0", name=op.f("ck_appointment_services_duration")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_appointment_services_price")),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointments.id"],
            name=op.f("fk_appointment_services_appointment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("fk_appointment_services_service_id")),
        sa.PrimaryKeyConstraint("appointment_id", "service_id", name=op.f("pk_appointment_services")),
    )
    op.create_index(op.f("ix_appointment_services_service_id"), "appointment_services", ["service_id"], unique=False)
    op.create_table(
        "assignments",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("schedule_id", sa.BigInteger(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_bus_id", sa.Integer(), nullable=True),
        sa.Column("told_active", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("owner_time(staff_id, starts_at, ends_at)"), "&&"),
            where=sa.text("status = 'accepted'"),
            using="gist",
            name="ex_assignments_person",
        ),
        sa.CheckConstraint("part IN ('driver','attendant')", name=op.f("ck_assignments_part")),
        sa.CheckConstraint(
            "starts_at >= '1970-01-01 00:00+00' AND ends_at < '2106-01-01 00:00+00'", name=op.f("ck_assignments_era")
        ),
        sa.CheckConstraint(
            "status IN ('offered','accepted','rejected','handed_over','withdrawn')", name=op.f("ck_assignments_status")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_assignments_duration")),
        sa.CheckConstraint("num_nonnulls(appointment_id, schedule_id) = 1", name=op.f("ck_assignments_work")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], name=op.f("fk_assignments_appointment_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["assignments.id"], name=op.f("fk_assignments_replaces_id")),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f("fk_assignments_schedule_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["users.id"], name=op.f("fk_assignments_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
    )
    op.create_index(
        "ix_assignments_lines",
        "assignments",
        ["ends_at"],
        unique=False,
        postgresql_where=sa.text("schedule_id IS NOT NULL AND status = 'accepted'"),
    )
    op.create_index("ix_assignments_appointment", "assignments", ["appointment_id", "id"], unique=False)
    op.create_index(
        "ix_assignments_appointment_driver",
        "assignments",
        ["appointment_id"],
        unique=True,
        postgresql_where=sa.text("part = 'driver' AND status = 'accepted'"),
    )
    op.create_index(
        "ix_assignments_appointment_person",
        "assignments",
        ["appointment_id", "staff_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('offered','accepted')"),
    )
    op.create_index(
        "ix_assignments_schedule_driver",
        "assignments",
        ["schedule_id"],
        unique=True,
        postgresql_where=sa.text("part = 'driver' AND status = 'accepted'"),
    )
    op.create_index(
        "ix_assignments_schedule_person",
        "assignments",
        ["schedule_id", "staff_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('offered','accepted')"),
    )
    op.create_index("ix_assignments_staff_appointment", "assignments", ["staff_id", "appointment_id"], unique=False)
    op.create_index("ix_assignments_staff_time", "assignments", ["staff_id", "ends_at"], unique=False)
    op.create_index(
        "ix_assignments_unanswered",
        "assignments",
        ["answer_by"],
        unique=False,
        postgresql_where=sa.text("status = 'offered' AND escalated_at IS NULL"),
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("assignment_id", sa.BigInteger(), nullable=True),
        sa.Column("schedule_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointments.id"], name=op.f("fk_notifications_appointment_id")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name=op.f("fk_notifications_assignment_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["users.id"], name=op.f("fk_notifications_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index("ix_notifications_staff", "notifications", ["staff_id", "id"], unique=False)
    op.create_table(
        "unread_notifications",
        sa.Column("notification_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notifications.id"],
            name=op.f("fk_unread_notifications_notification_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("notification_id", name=op.f("pk_unread_notifications")),
    )
    op.create_index(
        "ix_unread_notifications_staff", "unread_notifications", ["staff_id", "notification_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("unread_notifications")
    op.drop_table("notifications")
    op.drop_table("assignments")
    op.drop_table("appointment_services")
    op.drop_table("appointment_changes")
    op.drop_table("appointments")
    op.drop_table("working_hours")
    op.drop_table("staff_profiles")
    op.drop_table("licences")
    op.drop_table("leaves")
    op.drop_table("services")
    op.drop_index("ix_users_staff", table_name="users")
    op.execute("DROP FUNCTION owner_time(integer, timestamptz, timestamptz)")
