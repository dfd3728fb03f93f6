"""Shapes of requests and answers about buses, seat layouts and fare classes."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from pydantic import Field, StringConstraints
from sqlalchemy import Row

from falconbus.network.models import FareClass, SeatLayout
from falconbus.network.policy import NewSeat
from falconbus.platform.kit.fields import Change, Text, left_out
from falconbus.platform.kit.schema import Body, Name, OneLine

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$"), Field(examples=["standard"])]
BusNumber = Annotated[OneLine, StringConstraints(max_length=32)]
LayoutCode = Annotated[OneLine, StringConstraints(max_length=32)]
#: Short words such as "wifi", for an icon each.
Amenities = Annotated[list[Code], Field(max_length=20)]
PricePercent = Annotated[int, Field(ge=1, le=1000)]
Conditions = Annotated[Text, StringConstraints(max_length=2000)]
SeatNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,4}$"), Field(examples=["12A"])]
Place = Annotated[int, Field(ge=1, le=200)]


class NewBus(Body):
    """A bus to be made."""

    number: BusNumber
    layout: LayoutCode
    amenities: Amenities = Field(default_factory=list)
    active: bool = True


class BusChange(Change):
    """A bus's new sides."""

    number: BusNumber = Field(default_factory=left_out)
    layout: LayoutCode = Field(default_factory=left_out)
    amenities: Amenities = Field(default_factory=left_out)
    active: bool = Field(default_factory=left_out)


class NewFareClass(Body):
    """A fare class to be made; the price is a share of the fare by distance."""

    code: Code
    name: Name
    price_percent: PricePercent
    refundable: bool = True
    conditions: Conditions = ""


class FareClassChange(Change):
    """A fare class's new sides; its code is for ever."""

    name: Name = Field(default_factory=left_out)
    price_percent: PricePercent = Field(default_factory=left_out)
    refundable: bool = Field(default_factory=left_out)
    conditions: Conditions = Field(default_factory=left_out)


class LayoutSeat(Body):
    """A seat; rows count from the front, columns from the left, the aisle is a column without seats."""

    number: SeatNumber
    row: Place
    column: Place
    fare_class: Code


class NewSeatLayout(Body):
    """A seat layout to be made."""

    code: Code
    name: Name
    seats: Annotated[list[LayoutSeat], Field(min_length=1, max_length=200)]

    def to_seats(self) -> list[NewSeat]:
        return [NewSeat(seat.number, seat.row, seat.column, seat.fare_class) for seat in self.seats]


class BusOut(msgspec.Struct):
    """A bus; `seats` is the capacity of its layout."""

    id: int
    number: str
    layout: str
    seats: int
    amenities: list[str]
    active: bool


class ChangedBusOut(BusOut):
    """A bus that was changed; out of service, it is still due on so many `departures` and `charters` to come.

    They stay as they are until they get another bus; GET /api/v1/scheduling/lapses names them.
    """

    affected: dict[str, int]


class FareClassRow(msgspec.Struct):
    """A fare class."""

    code: str
    name: str
    price_percent: int
    refundable: bool
    conditions: str

    @classmethod
    def of(cls, fare_class: FareClass) -> "FareClassRow":
        return cls(**{name: getattr(fare_class, name) for name in cls.__struct_fields__})


class SeatLayoutRow(msgspec.Struct):
    """A seat layout in a list."""

    code: str
    name: str
    capacity: int


class LayoutSeatOut(msgspec.Struct):
    """A seat of a layout."""

    number: str
    row: int
    column: int
    fare_class: str


class SeatLayoutOut(msgspec.Struct):
    """A seat layout with its seats, front to back and left to right."""

    code: str
    name: str
    capacity: int
    seats: list[LayoutSeatOut]

    @classmethod
    def of(cls, layout: SeatLayout, seats: Sequence[Row[str, int, int, str]]) -> "SeatLayoutOut":
        return cls(layout.code, layout.name, layout.capacity, [LayoutSeatOut(*seat) for seat in seats])
