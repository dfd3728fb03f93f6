"""First fit of buses to timetables, as a rule on values."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from falconbus.gtfs.importing.bus_assignment import TURNAROUND_MINUTES, Fleet, Run
from falconbus.gtfs.importing.long_rides import divide_days


def run(number: int, departs: int, lasts: int = 60, **changes: object) -> Run:
    values: dict[str, object] = {"time_zone": "Z", "weekdays": 127, **changes}
    return Run(number=number, departure_minutes=departs, duration_minutes=lasts, **values)  # type: ignore[arg-type]


def buses(fleet: Fleet, *runs: Run) -> dict[int, int]:
    return {each.number: bus for each, bus in fleet.assign(runs)}


def test_a_bus_turns_round_before_it_leaves_again() -> None:
    assert buses(Fleet(), run(1, 480), run(2, 595), run(3, 600)) == {1: 0, 2: 1, 3: 0}


def test_the_day_is_a_circle() -> None:
    """Out from 23:00 to 1:00 with its turn-round: back out at 0:30 it would miss itself."""
    assert buses(Fleet(), run(1, 1380), run(2, 60)) == {2: 0, 1: 0}
    assert len(set(buses(Fleet(), run(1, 1380), run(2, 30)).values())) == 2


def test_a_run_of_a_day_and_more_has_a_bus_to_itself() -> None:
    assert len(set(buses(Fleet(), run(1, 480, 1400), run(2, 0, 10), run(3, 480, 3000)).values())) == 3


def test_a_block_shares_a_bus_and_need_not_turn_round() -> None:
    found = buses(Fleet(), run(1, 480, block="x"), run(2, 540, block="x"), run(3, 480, block="y"))
    assert found[1] == found[2] != found[3]


def test_runs_of_a_block_that_overlap_have_a_bus_each() -> None:
    """Also over midnight: out from 23:00 until 7:00, and again from 6:00."""
    assert len(set(buses(Fleet(), run(1, 480, block="x"), run(2, 490, block="x")).values())) == 2
    assert len(set(buses(Fleet(), run(1, 1380, 480, block="x"), run(2, 360, block="x")).values())) == 2
    assert len(set(buses(Fleet(), run(1, 1380, 420, block="x"), run(2, 360, block="x")).values())) == 1


def test_a_blocks_bus_that_is_busy_elsewhere_is_not_taken_from_there() -> None:
    fleet = Fleet()
    fleet.take(0, run(8, 480, block="x"))
    fleet.take(0, run(9, 600))
    assert buses(fleet, run(1, 630, block="x")) == {1: 1}


@pytest.mark.parametrize(
    ("weekdays", "days_away", "expected"),
    [
        (0b1111111, 1, [0b1111111]),
        (0b1111111, 2, [0b0010101, 0b0101010, 0b1000000]),
        (0b0010101, 2, [0b0010101]),
        (0b1000001, 2, [0b0000001, 0b1000000]),
        (0b1111111, 7, [1 << day for day in range(7)]),
    ],
)
def test_the_days_of_a_long_ride_are_divided_among_its_buses(
    weekdays: int, days_away: int, expected: list[int]
) -> None:
    assert list(divide_days(weekdays, days_away)) == expected


def test_an_extra_coach_of_a_block_is_another_bus_unless_it_runs_on_other_days() -> None:
    found = buses(
        Fleet(),
        run(1, 480, block="x", weekdays=31),
        run(2, 480, block="x", weekdays=1),
        run(3, 480, block="x", weekdays=96),
    )
    assert found[1] == found[3] != found[2]


def test_buses_of_one_zone_do_not_work_in_another() -> None:
    found = buses(Fleet(), run(1, 0, 10), run(2, 600, 10, time_zone="Y"), run(3, 1200, 10))
    assert found[1] == found[3] != found[2]


def test_a_bus_off_the_road_is_not_chosen_but_may_be_wished_for() -> None:
    assert buses(Fleet(unavailable=0b1), run(1, 0)) == {1: 1}
    assert buses(Fleet(unavailable=0b1), run(1, 0, preferred_buses=(0,))) == {1: 0}


def test_a_wish_is_granted_only_while_the_bus_is_free() -> None:
    fleet = Fleet()
    fleet.take(2, run(9, 0))
    assert buses(fleet, run(1, 30, preferred_buses=(2,)), run(2, 300, preferred_buses=(2,))) == {1: 0, 2: 2}


@given(some.lists(some.tuples(some.integers(0, 3000), some.integers(1, 1500)), max_size=40))
def test_no_bus_is_ever_in_two_places(times: list[tuple[int, int]]) -> None:
    runs = [run(number, departs, lasts) for number, (departs, lasts) in enumerate(times)]
    by_bus: dict[int, list[Run]] = {}
    for each, bus in Fleet().assign(runs):
        by_bus.setdefault(bus, []).append(each)
    for shared in by_bus.values():
        minutes = [
            minute % 1440
            for each in shared
            for minute in range(
                each.departure_minutes, each.departure_minutes + each.duration_minutes + TURNAROUND_MINUTES
            )
        ]
        assert len(shared) == 1 or len(minutes) == len(set(minutes))
