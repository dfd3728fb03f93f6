"""Options of an import, for what GTFS does not contain."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from falconbus.gtfs.errors import BadImportOption
from falconbus.platform.kit.money import is_currency

DEFAULT_LAYOUT = "coach-49"
#: In the currency's main unit.
DEFAULT_PRICE_PER_KM = Decimal("0.75")
MAX_FEED_NAME_LENGTH = 24
_FEED_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """Options of an import; those that are None come from the feed, the settings or the defaults."""

    feed: str | None = None
    layout: str = DEFAULT_LAYOUT
    currency: str | None = None
    price_per_km: Decimal | None = None
    shift_dates: bool = False
    skip_faulty: bool = False
    horizon_days: int | None = None
    #: It is the next version of the network of its name, whatever its stops are called now.
    same_network: bool = False
    #: It is a network beside one that it looks like.
    another_network: bool = False

    def __post_init__(self) -> None:
        if self.feed is not None:
            check_feed_name(self.feed)
        if not self.layout.isprintable():
            raise BadImportOption("is not a seat layout's code, such as coach-49", pointer="layout")
        if self.currency is not None and not is_currency(self.currency):
            raise BadImportOption(
                "is not the three capital letters of a currency that people pay in, such as ZAR", pointer="currency"
            )
        if self.price_per_km is not None and not Decimal(0) <= self.price_per_km <= Decimal(1_000_000):
            raise BadImportOption("is not a price from 0 to 1000000", pointer="price_per_km")
        if self.horizon_days is not None and not 1 <= self.horizon_days <= 730:
            raise BadImportOption("is not a number of days from 1 to 730", pointer="horizon_days")
        if self.same_network and self.another_network:
            raise BadImportOption("cannot be said together with same_network", pointer="another_network")

    def to_dict(self) -> dict[str, Any]:
        """Return the options as JSON values, as FeedImport stores them."""
        price = None if self.price_per_km is None else str(self.price_per_km)
        return {**self.__dict__, "price_per_km": price}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ImportOptions":
        """Make options from to_dict()'s values; the price may be text. BadImportOption."""
        return cls(**{**values, "price_per_km": _parse_price(values.get("price_per_km"))})


def check_feed_name(name: str) -> None:
    """Refuse a feed's name that is too long or has other characters; BadImportOption.

    The name is part of keys and bus numbers.
    """
    if len(name) > MAX_FEED_NAME_LENGTH or not _FEED_NAME.fullmatch(name):
        raise BadImportOption(
            f"is not a feed's name: up to {MAX_FEED_NAME_LENGTH} of a-z, 0-9, - and _, such as concord", pointer="feed"
        )


def feed_name_from(text: str) -> str:
    """Return a feed's name made from an agency's id or name."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:MAX_FEED_NAME_LENGTH].strip("-")
    return plain or "feed"


def _parse_price(text: str | None) -> Decimal | None:
    if text is None or not text.strip():
        return None
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite():
        raise BadImportOption("is not a price such as 0.75", pointer="price_per_km")
    return price
