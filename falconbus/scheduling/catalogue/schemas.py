"""Request and response schemas of services."""

from typing import Annotated

import msgspec
from pydantic import Field, StringConstraints

from falconbus.platform.database.engine import AnyRow
from falconbus.platform.database.pagination import PageQuery
from falconbus.platform.kit import money
from falconbus.platform.kit.fields import Change, Price, Words, left_out
from falconbus.platform.kit.schema import Body, Name
from falconbus.scheduling.catalogue.models import Service

Description = Annotated[Words, StringConstraints(max_length=2000)]
Duration = Annotated[int, Field(ge=0, le=100_000)]


class NewService(Body):
    """A service to be offered; the duration in minutes, the price in the currency of the house."""

    name: Name
    description: Description = ""
    duration: Duration
    price: Price
    active: bool = True


class ServiceChange(Change):
    """A service's new sides; what charters were promised stays."""

    name: Name = Field(default_factory=left_out)
    description: Description = Field(default_factory=left_out)
    duration: Duration = Field(default_factory=left_out)
    price: Price = Field(default_factory=left_out)
    active: bool = Field(default_factory=left_out)


class ServicesQuery(PageQuery):
    """`all`: also what is no longer offered, for who dispatches."""

    all: bool = False


class ServiceOut(msgspec.Struct):
    """A service; the duration in minutes."""

    id: int
    name: str
    description: str
    duration: int
    price: str
    currency: str
    active: bool

    @classmethod
    def of(cls, service: Service | AnyRow) -> "ServiceOut":
        return cls(
            id=service.id,
            name=service.name,
            description=service.description,
            duration=service.duration_minutes,
            price=money.to_text(service.price, service.currency),
            currency=service.currency,
            active=service.active,
        )
