"""Live numbers from what processes tell: differences between looks, nothing counted twice, nothing lost."""

import pytest

from falconbus.live.performance import LiveNumbers, Window
from falconbus.platform.telemetry.histogram import bucket_of
from falconbus.platform.telemetry.minute_counts import ENDPOINT, RECORDER, STATEMENT, Minute, Series

#: A minute's begin.
NOW = 1_800_000_000.0 - 1_800_000_000 % 60


def seen(requests: int, *, errors: int = 0, milliseconds: float = 10, name: str = "GET /x", dropped: int = 0) -> Minute:
    """What one process tells of a minute."""
    series = Series(requests, 0, {bucket_of(milliseconds * 1000): requests}, {"5xx": errors, "2xx": requests - errors})
    return Minute(
        "r1",
        {
            (ENDPOINT, name): series,
            (STATEMENT, name, "f", "o"): Series(1000),
            (RECORDER,): Series(0, 0, {}, {"dropped": dropped}),
        },
    )


def test_what_came_between_two_looks_is_counted_once_however_often_it_is_told() -> None:
    window = Window()
    minute = int(NOW)
    window.update({minute: [seen(0), seen(0)]}, NOW + 10)
    for second in range(11, 16):
        numbers = window.update(
            {minute: [seen(20 * (second - 10)), seen(10 * (second - 10), errors=second - 10)]}, NOW + second
        )
    assert (numbers.requests_per_second, numbers.errors_per_second) == (30.0, 1.0)
    assert numbers.requests == 150
    quiet = window.update({minute: [seen(100), seen(50, errors=5)]}, NOW + 16)
    assert quiet.requests == 150
    later = window.update({minute: [seen(100), seen(50, errors=5)]}, NOW + 22)
    assert (later.requests_per_second, later.requests) == (0.0, 150)


def test_the_turn_of_the_minute_loses_nothing_and_what_is_a_minute_old_goes() -> None:
    window = Window()
    first, second = int(NOW), int(NOW) + 60
    window.update({first: [seen(0)]}, NOW + 50)
    window.update({first: [seen(40)]}, NOW + 59)
    numbers = window.update({first: [seen(50)], second: [seen(7)]}, NOW + 61)
    assert numbers.requests == 57
    assert window.update({first: [seen(50)], second: [seen(7)]}, NOW + 120).requests == 8
    assert window.update({second: [seen(7)]}, NOW + 121).requests == 0


def test_percentiles_are_of_the_last_minute_and_within_their_buckets() -> None:
    window = Window()
    minute = int(NOW)
    window.update({minute: []}, NOW + 1)
    numbers = window.update({minute: [seen(90, milliseconds=10), seen(10, milliseconds=500)]}, NOW + 2)
    assert numbers.p50_ms == pytest.approx(10, rel=0.02)
    assert numbers.p95_ms == pytest.approx(500, rel=0.02)
    assert numbers.p99_ms == pytest.approx(500, rel=0.02)


def test_the_first_look_takes_the_two_minutes_as_evenly_filled() -> None:
    before, minute = int(NOW) - 60, int(NOW)
    numbers = Window().update({before: [seen(600)], minute: [seen(300)]}, NOW + 30)
    assert numbers.requests == 600
    assert numbers.requests_per_second == 10.0


def test_after_a_long_silence_it_begins_anew() -> None:
    window = Window()
    window.update({int(NOW): [seen(5)]}, NOW + 10)
    numbers = window.update({int(NOW) + 240: [seen(300)]}, NOW + 270)
    assert (numbers.requests, numbers.requests_per_second) == (300, 10.0)


def test_the_ten_busiest_endpoints_are_told_apart_from_the_sum_of_all() -> None:
    window = Window()
    minute = int(NOW)
    window.update({minute: []}, NOW + 1)
    minutes = [seen(number, name=f"GET /{number}", milliseconds=number) for number in range(1, 16)]
    numbers = window.update({minute: minutes}, NOW + 2)
    assert numbers.requests == sum(range(1, 16))
    assert [each.name for each in numbers.endpoints] == [f"GET /{number}" for number in range(15, 5, -1)]
    assert numbers.endpoints[0].requests == 15
    assert numbers.endpoints[0].p50_ms == pytest.approx(15, rel=0.02)


def test_requests_that_were_not_recorded_are_counted() -> None:
    window = Window()
    minute = int(NOW)
    window.update({minute: [seen(1, dropped=100)]}, NOW + 1)
    numbers = window.update({minute: [seen(1, dropped=103), seen(1, dropped=1), seen(1)]}, NOW + 2)
    assert numbers.dropped == 104


def test_nothing_is_nothing() -> None:
    nothing = Window().update({int(NOW): [], int(NOW) - 60: []}, NOW + 1)
    assert nothing == LiveNumbers(NOW + 1, 0.0, 0.0, 0, None, None, None, [], 0, 0)


def test_a_process_that_lost_what_it_told_makes_no_negative_numbers() -> None:
    window = Window()
    minute = int(NOW)
    window.update({minute: []}, NOW + 1)
    window.update({minute: [seen(50, errors=5)]}, NOW + 2)
    assert window.update({minute: [seen(10)]}, NOW + 3).requests == 50
