"""Stops, routes, fares, seat layouts, buses.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fare_classes",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("price_percent", sa.SmallInteger(), nullable=False),
        sa.Column("refundable", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("conditions", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("price_percent BETWEEN 1 AND 1000", name=op.f("ck_fare_classes_price_percent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fare_classes")),
        sa.UniqueConstraint("code", name=op.f("uq_fare_classes_code")),
    )
    op.create_table(
        "seat_layouts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("capacity", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("capacity BETWEEN 1 AND 200", name=op.f("ck_seat_layouts_capacity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_layouts")),
        sa.UniqueConstraint("code", name=op.f("uq_seat_layouts_code")),
    )
    op.create_table(
        "stops",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("city", sa.String(length=200), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("feed_key", sa.String(length=300), nullable=True),
        sa.Column(
            "city_key",
            sa.Text(),
            sa.Computed("lower(regexp_replace(normalize(city, NFKD), '[\\u0300-\\u036f]', '', 'g'))", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "search_document",
            postgresql.TSVECTOR(),
            sa.Computed(
                "to_tsvector('simple'::regconfig, regexp_replace(normalize(code || ' ' || name || ' ' || city, NFKD), '[\\u0300-\\u036f]', '', 'g'))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("code = upper(code) AND code <> ''", name=op.f("ck_stops_code_upper")),
        sa.CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name=op.f("ck_stops_position")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stops")),
        sa.UniqueConstraint("code", name=op.f("uq_stops_code")),
        sa.UniqueConstraint("feed_key", name=op.f("uq_stops_feed_key")),
    )
    op.create_index("ix_stops_city_key", "stops", ["city_key"], unique=False)
    op.create_index("ix_stops_name", "stops", ["name", "id"], unique=False)
    op.create_index("ix_stops_search_document", "stops", ["search_document"], unique=False, postgresql_using="gin")
    op.create_table(
        "buses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("layout_id", sa.Integer(), nullable=False),
        sa.Column("amenities", sa.ARRAY(sa.String(length=32)), server_default="{}", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["layout_id"], ["seat_layouts.id"], name=op.f("fk_buses_layout_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buses")),
        sa.UniqueConstraint("number", name=op.f("uq_buses_number")),
    )
    op.create_index(op.f("ix_buses_layout_id"), "buses", ["layout_id"], unique=False)
    op.create_table(
        "routes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("origin_id", sa.Integer(), nullable=False),
        sa.Column("destination_id", sa.Integer(), nullable=False),
        sa.Column("base_price", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("distance_m", sa.Integer(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("feed_key", sa.String(length=300), nullable=True),
        sa.CheckConstraint("base_price >= 0", name=op.f("ck_routes_base_price")),
        sa.CheckConstraint("distance_m > 0", name=op.f("ck_routes_distance")),
        sa.CheckConstraint("duration_minutes > 0", name=op.f("ck_routes_duration")),
        sa.ForeignKeyConstraint(["destination_id"], ["stops.id"], name=op.f("fk_routes_destination_id")),
        sa.ForeignKeyConstraint(["origin_id"], ["stops.id"], name=op.f("fk_routes_origin_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routes")),
        sa.UniqueConstraint("feed_key", name=op.f("uq_routes_feed_key")),
    )
    op.create_index("ix_routes_active", "routes", ["active"], unique=False)
    op.create_index("ix_routes_base_price", "routes", ["base_price"], unique=False)
    op.create_index("ix_routes_destination", "routes", ["destination_id"], unique=False)
    op.create_index("ix_routes_origin", "routes", ["origin_id"], unique=False)
    op.create_index("ix_routes_origin_destination", "routes", ["origin_id", "destination_id"], unique=False)
    op.create_table(
        "seats",
        sa.Column("layout_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=4), nullable=False),
        sa.Column("row", sa.SmallInteger(), nullable=False),
        sa.Column("column", sa.SmallInteger(), nullable=False),
        sa.Column("fare_class_id", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["fare_class_id"], ["fare_classes.id"], name=op.f("fk_seats_fare_class_id")),
        sa.ForeignKeyConstraint(
            ["layout_id"], ["seat_layouts.id"], name=op.f("fk_seats_layout_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("layout_id", "number", name=op.f("pk_seats")),
    )
    op.create_index(op.f("ix_seats_fare_class_id"), "seats", ["fare_class_id"], unique=False)
    op.create_index("ix_seats_place", "seats", ["layout_id", "row", "column"], unique=True)
    op.create_table(
        "route_stops",
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("stop_id", sa.Integer(), nullable=False),
        sa.Column("distance_m", sa.Integer(), nullable=False),
        sa.CheckConstraint("distance_m >= 0", name=op.f("ck_route_stops_distance")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_route_stops_position")),
        sa.ForeignKeyConstraint(["route_id"], ["routes.id"], name=op.f("fk_route_stops_route_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["stop_id"], ["stops.id"], name=op.f("fk_route_stops_stop_id")),
        sa.PrimaryKeyConstraint("route_id", "position", name=op.f("pk_route_stops")),
    )
    op.create_index("ix_route_stops_stop", "route_stops", ["stop_id", "route_id", "position"], unique=False)
    op.create_table(
        "segment_fares",
        sa.Column("route_id", sa.Integer(), nullable=False),
        sa.Column("origin_position", sa.SmallInteger(), nullable=False),
        sa.Column("destination_position", sa.SmallInteger(), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.CheckConstraint("destination_position > origin_position", name=op.f("ck_segment_fares_forward")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_segment_fares_price")),
        sa.ForeignKeyConstraint(
            ["route_id", "destination_position"],
            ["route_stops.route_id", "route_stops.position"],
            name=op.f("fk_segment_fares_route_id_destination_position"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["route_id", "origin_position"],
            ["route_stops.route_id", "route_stops.position"],
            name=op.f("fk_segment_fares_route_id_origin_position"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("route_id", "origin_position", "destination_position", name=op.f("pk_segment_fares")),
    )
    op.create_index("ix_segment_fares_destination", "segment_fares", ["route_id", "destination_position"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_segment_fares_destination", table_name="segment_fares")
    op.drop_table("segment_fares")
    op.drop_index("ix_route_stops_stop", table_name="route_stops")
    op.drop_table("route_stops")
    op.drop_index("ix_seats_place", table_name="seats")
    op.drop_index(op.f("ix_seats_fare_class_id"), table_name="seats")
    op.drop_table("seats")
    op.drop_index("ix_routes_origin_destination", table_name="routes")
    op.drop_index("ix_routes_origin", table_name="routes")
    op.drop_index("ix_routes_destination", table_name="routes")
    op.drop_index("ix_routes_base_price", table_name="routes")
    op.drop_index("ix_routes_active", table_name="routes")
    op.drop_table("routes")
    op.drop_index(op.f("ix_buses_layout_id"), table_name="buses")
    op.drop_table("buses")
    op.drop_index("ix_stops_search_document", table_name="stops", postgresql_using="gin")
    op.drop_index("ix_stops_name", table_name="stops")
    op.drop_index("ix_stops_city_key", table_name="stops")
    op.drop_table("stops")
    op.drop_table("seat_layouts")
    op.drop_table("fare_classes")
