"""What takes buses and seats is told by the rooms above, once each."""

import pytest

from falconbus import registry
from falconbus.timetable import occupancy


def test_seats_are_read_in_one_way() -> None:
    told = [module for feature in registry.FEATURES for module in feature.occupancy]
    assert len(told) == 2
    with pytest.raises(ValueError, match="two ways"):
        occupancy.register_seats(occupancy.seats())
