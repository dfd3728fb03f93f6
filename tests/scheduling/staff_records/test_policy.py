"""Rules of a person's weekly hours."""

from hypothesis import given
from hypothesis import strategies as st

from falconbus.scheduling.staff_records import policy
from falconbus.scheduling.staff_records.policy import WorkingInterval

STRETCHES = st.builds(
    lambda day, begins, length: WorkingInterval(day, begins, begins + length),
    st.integers(1, 7), st.integers(0, 1439), st.integers(1, 1440),
)  # fmt: skip


@given(st.lists(STRETCHES, max_size=4))
def test_stretches_overlap_when_they_share_a_minute_of_the_week(week: list[WorkingInterval]) -> None:
    minutes = [
        ((each.weekday - 1) * 1440 + minute) % 10_080 for each in week for minute in range(each.begins, each.ends)
    ]
    assert policy.overlaps(week) is (len(minutes) > len(set(minutes)))
