"""The types of passengers, and the share of the price that each pays."""

from collections.abc import Mapping
from typing import Literal

PassengerType = Literal["adult", "student", "senior", "child"]

#: Percent of the fare class's price; each type has one.
PERCENT: Mapping[PassengerType, int] = {"adult": 100, "student": 90, "senior": 85, "child": 50}
