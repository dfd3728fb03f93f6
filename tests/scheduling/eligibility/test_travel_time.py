"""Nobody is at two ends of the country: the way between two rides takes its time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import User
from falconbus.app import FalconBus
from falconbus.scheduling.assignments.models import CrewRole
from falconbus.scheduling.assignments.service import Places
from falconbus.scheduling.eligibility import assessing
from falconbus.scheduling.eligibility.errors import TooFar
from tests.scheduling.eligibility.duties import at, of, on_duty


@pytest.mark.parametrize(
    ("place", "hours", "is_too_far"),
    [("D", 0, False), ("J", 0, True), ("J", 4, True), ("J", 5, False), ("?", 0, False), (None, 0, False)],
)
@pytest.mark.parametrize("is_before", [True, False])
def test_nobody_is_at_two_ends_of_the_country(
    thabo: User,
    stop_ids: dict[str | None, int | None],
    database: SQLAlchemy,
    is_before: bool,
    place: str | None,
    hours: int,
    is_too_far: bool,
) -> None:
    """A ride that ends (or begins) in Durban, and one at another place so many hours later (or earlier)."""
    duty = on_duty(thabo, at(10), at(12))
    duty.origin_stop_id = duty.destination_stop_id = stop_ids["D"]
    # One further away in time is not asked for.
    far = on_duty(thabo, at(1), at(2))
    far.origin_stop_id = far.destination_stop_id = stop_ids["J"]
    database.session.commit()
    begins = at(12 + hours) if is_before else at(10 - hours - 1)
    ends = begins + timedelta(hours=1)
    places = Places(stop_ids[place], None) if is_before else Places(None, stop_ids[place])
    found = assessing.assess([thabo.id], CrewRole.DRIVER, begins, ends, places=places)[thabo.id]
    assert type(found.refusal) is (TooFar if is_too_far else type(None))
    suggested = assessing.available_staff(CrewRole.DRIVER, begins, ends, places=places)
    assert [each.staff_id for each in suggested] == ([] if is_too_far else [thabo.id])


def test_the_travel_time_rule_can_be_switched_off(
    thabo: User, stop_ids: dict[str | None, int | None], database: SQLAlchemy, app: FalconBus
) -> None:
    on_duty(thabo, at(10), at(12)).destination_stop_id = stop_ids["D"]
    database.session.commit()
    places = Places(stop_ids["J"], None)
    assert isinstance(of(thabo, at(12), at(13), places=places).refusal, TooFar)
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(before, travel_kmh=0)
    try:
        assert of(thabo, at(12), at(13), places=places).refusal is None
    finally:
        app.config["SETTINGS"] = before
