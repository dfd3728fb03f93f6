"""Shapes of requests and answers about stops and routes."""

from typing import Annotated, Any

import msgspec
from pydantic import Field, StringConstraints

from falconbus.network.models import Stop
from falconbus.network.policy import Call
from falconbus.network.queries import RouteDetail
from falconbus.network.segment_fares import PairFare
from falconbus.platform.database.pagination import PageQuery
from falconbus.platform.kit import money
from falconbus.platform.kit.fields import Change, Currency, Filter, Price, Zone, left_out
from falconbus.platform.kit.schema import Body, OneLine

StopCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9_-]{0,15}$"), Field(examples=["JNB"])]
Name200 = Annotated[OneLine, StringConstraints(max_length=200)]
StopDescription = Annotated[
    str, StringConstraints(max_length=300, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Kilometres = Annotated[float, Field(ge=0, le=20_000, allow_inf_nan=False)]
DurationMinutes = Annotated[int, Field(ge=1, le=7 * 1440)]


class NewStop(Body):
    """A stop to be made."""

    code: StopCode
    name: Name200
    city: Name200
    description: StopDescription = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    time_zone: Zone


class StopChange(Change):
    """A stop's new sides; its code is for ever."""

    name: Name200 = Field(default_factory=left_out)
    city: Name200 = Field(default_factory=left_out)
    description: StopDescription = Field(default_factory=left_out)
    latitude: Latitude | None = Field(default_factory=left_out)
    longitude: Longitude | None = Field(default_factory=left_out)
    time_zone: Zone = Field(default_factory=left_out)


class RouteCall(Body):
    """A stop of a route, by its code."""

    code: StopCode
    kilometres: Kilometres


Calls = Annotated[list[RouteCall], Field(min_length=2, max_length=200)]


class NewRoute(Body):
    """A route to be made."""

    name: Name200
    stops: Calls
    base_price: Price
    currency: Currency
    duration_minutes: DurationMinutes
    active: bool = True

    def calls(self) -> list[Call]:
        return [Call(stop.code, stop.kilometres) for stop in self.stops]


class RouteChange(Change):
    """A route's new sides."""

    name: Name200 = Field(default_factory=left_out)
    stops: Calls = Field(default_factory=left_out)
    base_price: Price = Field(default_factory=left_out)
    currency: Currency = Field(default_factory=left_out)
    duration_minutes: DurationMinutes = Field(default_factory=left_out)
    active: bool = Field(default_factory=left_out)

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True, exclude={"stops"})

    def calls(self) -> list[Call] | None:
        given = "stops" in self.model_fields_set
        return [Call(stop.code, stop.kilometres) for stop in self.stops] if given else None


class RouteFare(Body):
    """A price between two stops of a route."""

    origin: StopCode
    destination: StopCode
    price: Price


class RouteFares(Body):
    """All prices of a route's parts that do not go by distance."""

    fares: Annotated[list[RouteFare], Field(max_length=1000)]

    def pairs(self) -> list[PairFare]:
        return [PairFare(fare.origin, fare.destination, fare.price) for fare in self.fares]


class FareEverywhere(RouteFare):
    """A price between two stops, on every route that rides from the one to the other."""

    currency: Currency


class RoutesPricedOut(msgspec.Struct):
    """How many routes have the price now."""

    routes: int


class RoutesQuery(PageQuery):
    """Routes by first and last stop, and by a part of the name."""

    origin: Filter | None = None
    destination: Filter | None = None
    q: Filter | None = None


class RouteRow(msgspec.Struct):
    """A route in a list; origin and destination are codes of stops."""

    id: int
    name: str
    origin: str
    destination: str


class RouteStopOut(msgspec.Struct):
    """A stop of a route, so many kilometres from the first."""

    code: str
    name: str
    city: str
    kilometres: float


class RouteFareOut(msgspec.Struct):
    """A price between two stops that the operator has set."""

    origin: str
    destination: str
    price: str


class RouteOut(msgspec.Struct):
    """A route with its stops in order."""

    id: int
    name: str
    origin: str
    destination: str
    stops: list[RouteStopOut]
    kilometres: float
    duration_minutes: int
    base_price: str
    currency: str
    fares: list[RouteFareOut]
    active: bool

    @classmethod
    def of(cls, detail: RouteDetail) -> "RouteOut":
        route, currency = detail.route, detail.route.currency
        return cls(
            id=route.id,
            name=route.name,
            origin=detail.stops[0].code,
            destination=detail.stops[-1].code,
            stops=[RouteStopOut(code, name, city, metres / 1000) for code, name, city, metres in detail.stops],
            kilometres=route.distance_m / 1000,
            duration_minutes=route.duration_minutes,
            base_price=money.to_text(route.base_price, currency),
            currency=currency,
            fares=[RouteFareOut(start, end, money.to_text(price, currency)) for start, end, price in detail.fares],
            active=route.active,
        )


class StopDetail(msgspec.Struct):
    """A stop."""

    code: str
    name: str
    city: str
    description: str
    latitude: float | None
    longitude: float | None
    time_zone: str

    @classmethod
    def of(cls, stop: Stop) -> "StopDetail":
        return cls(stop.code, stop.name, stop.city, stop.description, stop.latitude, stop.longitude, stop.time_zone)
