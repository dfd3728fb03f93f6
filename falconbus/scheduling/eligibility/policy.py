"""Rules on values: licences, leave, working hours, time at the wheel and rest.

Days and weeks (Monday to Sunday) are those of one time zone, the office's. Instants must be in UTC: within one zone
Python subtracts and compares what clocks show, which is wrong on days on which they change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from falconbus.platform.kit import clock
from falconbus.scheduling.staff_records.policy import Stretch

_DAY = 1440
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty that somebody has accepted, or is thought of for."""

    begins: datetime
    ends: datetime
    at_wheel: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Local days and the instants between which they lie."""

    first: date
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Wheel:
    """The most time at the wheel on one of some spans, and on which; the first of those that are equal."""

    time: timedelta
    span: Span


def local_days(begins: datetime, ends: datetime, time_zone: str) -> list[date]:
    """Each calendar day that has a part of the time from `begins` up to, not with, `ends`."""
    zone = ZoneInfo(time_zone)
    first = begins.astimezone(zone).date()
    last = (ends - timedelta(microseconds=1)).astimezone(zone).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def day_spans(days: Iterable[date], time_zone: str) -> list[Span]:
    """Each day from midnight to midnight: 23 or 25 hours when the clocks change."""
    return [Span(day, *clock.day_bounds(day, time_zone)) for day in days]


def week_spans(days: Iterable[date], time_zone: str) -> list[Span]:
    """The weeks, Monday to Sunday, that have one of these days."""
    mondays = sorted({day - timedelta(days=day.weekday()) for day in days})
    return [
        Span(monday, clock.day_bounds(monday, time_zone)[0], clock.day_bounds(monday + 6 * _ONE_DAY, time_zone)[1])
        for monday in mondays
    ]


def licences_hold(licences: Iterable[tuple[str, date]], day: date) -> bool:
    """Whether somebody may drive on a day: has a licence, and the latest of each kind (kind, its last day) holds."""
    latest: dict[str, date] = {}
    for kind, expires_on in licences:
        latest[kind] = max(expires_on, latest.get(kind, expires_on))
    return bool(latest) and min(latest.values()) >= day


def is_on_leave(leaves: Iterable[tuple[date, date]], days: Sequence[date]) -> bool:
    """Whether one of these days, in order, is a day of leave; the first and last of a leave are."""
    return any(first <= days[-1] and last >= days[0] for first, last in leaves)


def is_within_hours(hours: Sequence[Stretch], begins: datetime, ends: datetime, time_zone: str) -> bool:
    """Whether all of a time is worked; somebody without working hours works whenever they are asked."""
    if not hours:
        return True
    days = local_days(begins, ends, time_zone)
    reached = begins
    # From the day before: its last stretch may go past midnight.
    for since, until in sorted(
        (_wall(day, stretch.begins, time_zone), _wall(day, stretch.ends, time_zone))
        for day in [days[0] - _ONE_DAY, *days]
        for stretch in hours
        if stretch.weekday == day.isoweekday()
    ):
        if since > reached:
            break
        reached = max(reached, until)
    return reached >= ends


def wheel_time(duties: Iterable[Duty], span: Span) -> timedelta:
    """Time at the wheel within a span."""
    parts = (
        min(duty.ends, span.ends) - max(duty.begins, span.begins)
        for duty in duties
        if duty.at_wheel and duty.begins < span.ends and duty.ends > span.begins
    )
    return sum(parts, timedelta(0))


def most_at_wheel(duties: Sequence[Duty], spans: Sequence[Span]) -> Wheel:
    """The span with the most time at the wheel."""
    return max((Wheel(wheel_time(duties, span), span) for span in spans), key=lambda wheel: wheel.time)


def neighbours(duties: Iterable[Duty], ride: Duty) -> tuple[Duty | None, Duty | None]:
    """The last duty that is over when a ride begins, and the first that begins when it is over."""
    duties = list(duties)
    before = max((duty for duty in duties if duty.ends <= ride.begins), key=lambda duty: duty.ends, default=None)
    after = min((duty for duty in duties if duty.begins >= ride.ends), key=lambda duty: duty.begins, default=None)
    return before, after


def needs_rest_between(one: Duty, other: Duty, time_zone: str) -> bool:
    """Whether the gap between two duties should be a night's rest: unless they begin on the same local day.

    Duties that begin on one day are parts of one working day, and the gap between them is a break. A duty past midnight
    belongs to the day on which it begins, so that a ride of the next morning is told from it.
    """
    zone = ZoneInfo(time_zone)
    return one.begins.astimezone(zone).date() != other.begins.astimezone(zone).date()


def duration_text(duration: timedelta) -> str:
    """`11 h 30 min`; seconds are left out."""
    hours, minutes = divmod(int(duration.total_seconds()) // 60, 60)
    return " ".join([f"{hours} h"] * (hours > 0 or minutes == 0) + [f"{minutes} min"] * (minutes > 0))


def day_text(day: date) -> str:
    """`Sat 28 Nov`."""
    return f"{day:%a} {day.day} {day:%b}"


def _wall(day: date, minutes: int, time_zone: str) -> datetime:
    """When clocks show so many minutes past midnight of a day; the earlier instant when they show it twice."""
    days, minute = divmod(minutes, _DAY)
    shown = datetime.combine(day + timedelta(days=days), time(*divmod(minute, 60)), ZoneInfo(time_zone))
    return shown.astimezone(UTC)
