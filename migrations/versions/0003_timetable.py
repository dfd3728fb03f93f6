"""Calendars, timetables, schedules.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendars",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.SmallInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("feed_key", sa.String(length=300), nullable=True),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("ck_calendars_validity")),
        sa.CheckConstraint("weekdays BETWEEN 0 AND 127", name=op.f("ck_calendars_weekdays")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendars")),
        sa.UniqueConstraint("feed_key", name=op.f("uq_calendars_feed_key")),
    )
    op.create_table(
        "calendar_dates",
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("runs", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["calendars.id"], name=op.f("fk_calendar_dates_calendar_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("calendar_id", "day", name=op.f("pk_calendar_dates")),
    )
    op.create_table(
        "timetables",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("bus_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("departure_minutes", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("arrivals", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("departures", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("boards", sa.ARRAY(sa.Boolean()), nullable=False),
        sa.Column("alights", sa.ARRAY(sa.Boolean()), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("feed_key", sa.String(length=300), nullable=True),
        sa.CheckConstraint(
            "cardinality(arrivals) >= 2 AND cardinality(arrivals) = cardinality(departures) AND cardinality(arrivals) = cardinality(boards) AND cardinality(arrivals) = cardinality(alights)",
            name=op.f("ck_timetables_lists"),
        ),
        sa.CheckConstraint(
            "departure_minutes >= 0 AND departure_minutes < 7 * 1440", name=op.f("ck_timetables_departure_minutes")
        ),
        sa.CheckConstraint(
            "departures[1] = 0 AND arrivals[cardinality(arrivals)] > 0", name=op.f("ck_timetables_minutes")
        ),
        sa.ForeignKeyConstraint(["bus_id"], ["buses.id"], name=op.f("fk_timetables_bus_id")),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name=op.f("fk_timetables_calendar_id")),
        sa.ForeignKeyConstraint(["route_id"], ["routes.id"], name=op.f("fk_timetables_route_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timetables")),
        sa.UniqueConstraint("feed_key", name=op.f("uq_timetables_feed_key")),
    )
    op.create_index(op.f("ix_timetables_bus_id"), "timetables", ["bus_id"], unique=False)
    op.create_index(op.f("ix_timetables_calendar_id"), "timetables", ["calendar_id"], unique=False)
    op.create_index("ix_timetables_route", "timetables", ["route_id", "active"], unique=False)
    op.create_table(
        "schedules",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("timetable_id", sa.Integer(), nullable=False),
        sa.Column("bus_id", sa.Integer(), nullable=False),
        sa.Column("departure_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrival_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seats", sa.SmallInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("arrival_time > departure_time", name=op.f("ck_schedules_duration")),
        sa.CheckConstraint("seats > 0", name=op.f("ck_schedules_seats")),
        sa.ForeignKeyConstraint(["bus_id"], ["buses.id"], name=op.f("fk_schedules_bus_id")),
        sa.ForeignKeyConstraint(["route_id"], ["routes.id"], name=op.f("fk_schedules_route_id")),
        sa.ForeignKeyConstraint(["timetable_id"], ["timetables.id"], name=op.f("fk_schedules_timetable_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        sa.UniqueConstraint(
            "route_id", "bus_id", "departure_time", name=op.f("uq_schedules_route_id_bus_id_departure_time")
        ),
    )
    op.create_index("ix_schedules_active_departure", "schedules", ["active", "departure_time"], unique=False)
    op.create_index("ix_schedules_bus_departure", "schedules", ["bus_id", "departure_time"], unique=False)
    op.create_index("ix_schedules_departure", "schedules", ["departure_time"], unique=False)
    op.create_index("ix_schedules_route_departure", "schedules", ["route_id", "departure_time"], unique=False)
    op.create_index("ix_schedules_seats", "schedules", ["seats"], unique=False)
    op.create_index("ix_schedules_timetable_departure", "schedules", ["timetable_id", "departure_time"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_schedules_timetable_departure", table_name="schedules")
    op.drop_index("ix_schedules_seats", table_name="schedules")
    op.drop_index("ix_schedules_route_departure", table_name="schedules")
    op.drop_index("ix_schedules_departure", table_name="schedules")
    op.drop_index("ix_schedules_bus_departure", table_name="schedules")
    op.drop_index("ix_schedules_active_departure", table_name="schedules")
    op.drop_table("schedules")
    op.drop_index("ix_timetables_route", table_name="timetables")
    op.drop_index(op.f("ix_timetables_calendar_id"), table_name="timetables")
    op.drop_index(op.f("ix_timetables_bus_id"), table_name="timetables")
    op.drop_table("timetables")
    op.drop_table("calendar_dates")
    op.drop_table("calendars")
