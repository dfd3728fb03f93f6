"""Tables of the network. Distances are metres, prices integers of the route's currency's smallest unit."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from falconbus.network import folding
from falconbus.platform.database.engine import Model


class Stop(Model):
    """A place where a coach calls."""

    __tablename__ = "stops"
    __table_args__ = (
        CheckConstraint("code = upper(code) AND code <> ''", name="code_upper"),
        CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
        Index("ix_stops_search_document", "search_document", postgresql_using="gin"),
        Index("ix_stops_city_key", "city_key"),
        Index("ix_stops_name", "name", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    city: Mapped[str] = mapped_column(String(200))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    time_zone: Mapped[str] = mapped_column(String(64))
    #: `feed:stop_id` of an imported stop; None for one created by hand.
    feed_key: Mapped[str | None] = mapped_column(String(300), unique=True)
    #: What a traveller must know to find it, such as `Opposite the mall's main gate`.
    description: Mapped[str] = mapped_column(String(300), server_default="", default="")
    #: By `folding`, of the city and of code, name and city. Who writes stops past the ORM writes these too.
    city_key: Mapped[str] = mapped_column(Text, server_default="")
    search_document: Mapped[str] = mapped_column(TSVECTOR, server_default="")


@event.listens_for(Stop, "before_insert")
@event.listens_for(Stop, "before_update")
def _fold(_mapper: Mapper[Stop], _connection: Connection, stop: Stop) -> None:
    stop.city_key = folding.place_key(stop.city)
    stop.search_document = folding.search_document(stop.code, stop.name, stop.city)


class Route(Model):
    """A sequence of stops with a base price for the whole way, on sale or not."""

    __tablename__ = "routes"
    __table_args__ = (
        CheckConstraint("distance_m > 0", name="distance"),
        CheckConstraint("duration_minutes > 0", name="duration"),
        CheckConstraint("base_price >= 0", name="base_price"),
        Index("ix_routes_origin", "origin_id"),
        Index("ix_routes_destination", "destination_id"),
        Index("ix_routes_origin_destination", "origin_id", "destination_id"),
        Index("ix_routes_active", "active"),
        Index("ix_routes_base_price", "base_price"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    origin_id: Mapped[int] = mapped_column(ForeignKey("stops.id"))
    destination_id: Mapped[int] = mapped_column(ForeignKey("stops.id"))
    base_price: Mapped[int] = mapped_column(Integer)
    currency: Mapped[str] = mapped_column(String(3))
    distance_m: Mapped[int] = mapped_column(Integer)
    duration_minutes: Mapped[int] = mapped_column(Integer)
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), default=True)
    #: `feed:route_id:hash of the stop pattern`; None for one made by hand.
    feed_key: Mapped[str | None] = mapped_column(String(300), unique=True)


class RouteStop(Model):
    """One call of a route. The leg of the same number starts here; a stop may come twice."""

    __tablename__ = "route_stops"
    __table_args__ = (
        CheckConstraint("position >= 0", name="position"),
        CheckConstraint("distance_m >= 0", name="distance"),
        Index("ix_route_stops_stop", "stop_id", "route_id", "position"),
    )

    route_id: Mapped[int] = mapped_column(ForeignKey("routes.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    stop_id: Mapped[int] = mapped_column(ForeignKey("stops.id"))
    #: Metres from the first stop.
    distance_m: Mapped[int] = mapped_column(Integer)


class SegmentFare(Model):
    """A price that staff have set for a segment of a route; without one the price goes by distance.

    It belongs to the route and is deleted with its calls; the rules of ticket prices are in fares, above.
    """

    __tablename__ = "segment_fares"
    __table_args__ = (
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("destination_position > origin_position", name="forward"),
        ForeignKeyConstraint(
            ["route_id", "origin_position"], ["route_stops.route_id", "route_stops.position"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["route_id", "destination_position"], ["route_stops.route_id", "route_stops.position"], ondelete="CASCADE"
        ),
        Index("ix_segment_fares_destination", "route_id", "destination_position"),
    )

    route_id: Mapped[int] = mapped_column(primary_key=True)
    origin_position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    destination_position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    price: Mapped[int] = mapped_column(Integer)


class FareClass(Model):
    """A class of seats that a traveller chooses: a percentage of the price, and conditions.

    It belongs to the network because every seat has one; the rules of ticket prices are in fares, above.
    """

    __tablename__ = "fare_classes"
    __table_args__ = (CheckConstraint("price_percent BETWEEN 1 AND 1000", name="price_percent"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    price_percent: Mapped[int] = mapped_column(SmallInteger)
    refundable: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), default=True)
    conditions: Mapped[str] = mapped_column(Text, server_default="", default="")


class SeatLayout(Model):
    """The seats of a kind of bus."""

    __tablename__ = "seat_layouts"
    __table_args__ = (CheckConstraint("capacity BETWEEN 1 AND 200", name="capacity"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    #: The number of its seats, kept here so that lists need not count them.
    capacity: Mapped[int] = mapped_column(SmallInteger)


class Seat(Model):
    """One seat of a layout; rows count from the front, columns from the left, the aisle is a missing column."""

    __tablename__ = "seats"
    __table_args__ = (Index("ix_seats_place", "layout_id", "row", "column", unique=True),)

    layout_id: Mapped[int] = mapped_column(ForeignKey("seat_layouts.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[str] = mapped_column(String(4), primary_key=True)
    row: Mapped[int] = mapped_column(SmallInteger)
    column: Mapped[int] = mapped_column(SmallInteger)
    fare_class_id: Mapped[int] = mapped_column(ForeignKey("fare_classes.id"), index=True)


class Bus(Model):
    """A vehicle with its seat layout."""

    __tablename__ = "buses"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    layout_id: Mapped[int] = mapped_column(ForeignKey("seat_layouts.id"), index=True)
    amenities: Mapped[list[str]] = mapped_column(ARRAY(String(32)), server_default="{}", default=list)
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"), default=True)
