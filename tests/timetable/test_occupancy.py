"""What takes buses and seats is told by the rooms above, once each."""

import pytest
from sqlalchemy import select

from falconbus.app import FalconBus
from falconbus.timetable import occupancy
from falconbus.timetable.models import Schedule
from falconbus.timetable.occupancy import SeatReads


@pytest.mark.usefixtures("migrated_app")
def test_charters_take_buses_and_claims_take_seats(migrated_app: FalconBus) -> None:
    assert occupancy.bus_times().count("FROM appointments") == 1
    with migrated_app.app_context():
        assert "FROM seat_claims" in str(occupancy.seats().sold())


@pytest.mark.usefixtures("migrated_app")
def test_seats_are_read_in_one_way() -> None:
    occupancy.register_seats(occupancy.seats())
    another = SeatReads(taken=lambda _: select(Schedule.id), sold=lambda: select(Schedule.id))
    with pytest.raises(ValueError, match="two ways"):
        occupancy.register_seats(another)
