"""Bookings, journeys, passengers, tickets, seat claims.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bookings",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("refund_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fee_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_id", sa.String(length=40), nullable=True),
        sa.CheckConstraint("status <> 'cancelled' OR cancelled_at IS NOT NULL", name=op.f("ck_bookings_cancelled_at")),
        sa.CheckConstraint("status <> 'confirmed' OR confirmed_at IS NOT NULL", name=op.f("ck_bookings_confirmed_at")),
        sa.CheckConstraint(
            "status IN ('held','confirmed','expired','cancelled','refunded')", name=op.f("ck_bookings_status")
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_bookings_email_lower")),
        sa.CheckConstraint("refund_amount >= 0 AND fee_amount >= 0", name=op.f("ck_bookings_refund")),
        sa.CheckConstraint("total >= 0", name=op.f("ck_bookings_total")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_bookings_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookings")),
        sa.UniqueConstraint("reference", name=op.f("uq_bookings_reference")),
    )
    op.create_index("ix_bookings_created", "bookings", ["created_at"], unique=False)
    op.create_index("ix_bookings_email", "bookings", ["email"], unique=False)
    op.create_index("ix_bookings_payment", "bookings", ["payment_id"], unique=False)
    op.create_index("ix_bookings_status", "bookings", ["status", "expires_at"], unique=False)
    op.create_index("ix_bookings_user", "bookings", ["user_id", "id"], unique=False)
    op.create_table(
        "passengers",
        sa.Column("booking_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.CheckConstraint("number BETWEEN 1 AND 9", name=op.f("ck_passengers_number")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_passengers_booking_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("booking_id", "number", name=op.f("pk_passengers")),
    )
    op.create_table(
        "journeys",
        sa.Column("booking_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("schedule_id", sa.BigInteger(), nullable=False),
        sa.Column("fare_class_id", sa.SmallInteger(), nullable=False),
        sa.Column("origin_position", sa.SmallInteger(), nullable=False),
        sa.Column("destination_position", sa.SmallInteger(), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("destination_id", sa.Integer(), nullable=False),
        sa.Column("departs_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrives_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("arrives_at > departs_at", name=op.f("ck_journeys_duration")),
        sa.CheckConstraint("destination_position > origin_position", name=op.f("ck_journeys_forward")),
        sa.CheckConstraint("number BETWEEN 1 AND 6", name=op.f("ck_journeys_number")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name=op.f("fk_journeys_booking_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["destination_id"], ["stops.id"], name=op.f("fk_journeys_destination_id")),
        sa.ForeignKeyConstraint(["fare_class_id"], ["fare_classes.id"], name=op.f("fk_journeys_fare_class_id")),
        sa.ForeignKeyConstraint(["origin_id"], ["stops.id"], name=op.f("fk_journeys_origin_id")),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f("fk_journeys_schedule_id")),
        sa.PrimaryKeyConstraint("booking_id", "number", name=op.f("pk_journeys")),
    )
    op.create_index(op.f("ix_journeys_destination_id"), "journeys", ["destination_id"], unique=False)
    op.create_index(op.f("ix_journeys_fare_class_id"), "journeys", ["fare_class_id"], unique=False)
    op.create_index(op.f("ix_journeys_origin_id"), "journeys", ["origin_id"], unique=False)
    op.create_index("ix_journeys_schedule", "journeys", ["schedule_id"], unique=False)
    op.create_table(
        "seat_claims",
        sa.Column("schedule_id", sa.BigInteger(), nullable=False),
        sa.Column("leg", sa.SmallInteger(), nullable=False),
        sa.Column("seat_number", sa.String(length=4), nullable=False),
        sa.Column("booking_id", sa.BigInteger(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("leg >= 0", name=op.f("ck_seat_claims_leg")),
        sa.ForeignKeyConstraint(["booking_id"], ["bookings.id"], name=op.f("fk_seat_claims_booking_id")),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f("fk_seat_claims_schedule_id")),
        sa.PrimaryKeyConstraint(
            "schedule_id", "leg", "seat_number", name=op.f("pk_seat_claims"), postgresql_include=["held_until"]
        ),
    )
    op.create_index("ix_seat_claims_booking", "seat_claims", ["booking_id"], unique=False)
    op.create_table(
        "tickets",
        sa.Column("booking_id", sa.BigInteger(), nullable=False),
        sa.Column("journey_number", sa.SmallInteger(), nullable=False),
        sa.Column("passenger_number", sa.SmallInteger(), nullable=False),
        sa.Column("schedule_id", sa.BigInteger(), nullable=False),
        sa.Column("seat_number", sa.String(length=4), nullable=False),
        sa.Column("fare", sa.Integer(), nullable=False),
        sa.Column("fare_trace", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.CheckConstraint("status IN ('reserved','issued','cancelled')", name=op.f("ck_tickets_status")),
        sa.CheckConstraint("fare >= 0", name=op.f("ck_tickets_fare")),
        sa.ForeignKeyConstraint(
            ["booking_id", "journey_number"],
            ["journeys.booking_id", "journeys.number"],
            name=op.f("fk_tickets_booking_id_journey_number"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["booking_id", "passenger_number"],
            ["passengers.booking_id", "passengers.number"],
            name=op.f("fk_tickets_booking_id_passenger_number"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name=op.f("fk_tickets_schedule_id")),
        sa.PrimaryKeyConstraint("booking_id", "journey_number", "passenger_number", name=op.f("pk_tickets")),
        sa.UniqueConstraint("code", name=op.f("uq_tickets_code")),
    )
    op.create_index("ix_tickets_passenger", "tickets", ["booking_id", "passenger_number"], unique=False)
    op.create_index("ix_tickets_schedule_status", "tickets", ["schedule_id", "status"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_tickets_schedule_status", table_name="tickets")
    op.drop_index("ix_tickets_passenger", table_name="tickets")
    op.drop_table("tickets")
    op.drop_index("ix_seat_claims_booking", table_name="seat_claims")
    op.drop_table("seat_claims")
    op.drop_index("ix_journeys_schedule", table_name="journeys")
    op.drop_index(op.f("ix_journeys_origin_id"), table_name="journeys")
    op.drop_index(op.f("ix_journeys_fare_class_id"), table_name="journeys")
    op.drop_index(op.f("ix_journeys_destination_id"), table_name="journeys")
    op.drop_table("journeys")
    op.drop_table("passengers")
    op.drop_index("ix_bookings_user", table_name="bookings")
    op.drop_index("ix_bookings_status", table_name="bookings")
    op.drop_index("ix_bookings_payment", table_name="bookings")
    op.drop_index("ix_bookings_email", table_name="bookings")
    op.drop_index("ix_bookings_created", table_name="bookings")
    op.drop_table("bookings")
