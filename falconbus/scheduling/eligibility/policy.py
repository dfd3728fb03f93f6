"""Rules on values: licences, leave, working hours, driving time and rest.

Days and weeks (Monday to Sunday) are those of one time zone, the office's. Instants must be in UTC: within one zone
Python subtracts and compares what clocks show, which is wrong on days on which they change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from falconbus.platform.kit import clock
from falconbus.scheduling.staff_records.policy import WorkingInterval

_DAY = 1440
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DutyPeriod:
    """The time of a duty, accepted or considered."""

    begins: datetime
    ends: datetime
    is_driving: bool


@dataclass(frozen=True, slots=True)
class Span:
    """A local day or week, from `begins` (inclusive) to `ends` (exclusive)."""

    first: date
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class DrivingTime:
    """Driving time within a span."""

    time: timedelta
    span: Span


def local_days(begins: datetime, ends: datetime, time_zone: str) -> list[date]:
    """Return each local calendar day that overlaps the time from `begins` (inclusive) to `ends` (exclusive)."""
    zone = ZoneInfo(time_zone)
    first = begins.astimezone(zone).date()
    last = (ends - timedelta(microseconds=1)).astimezone(zone).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def day_spans(days: Iterable[date], time_zone: str) -> list[Span]:
    """Return each day from midnight to midnight: 23 or 25 hours when the clocks change."""
    return [Span(day, *clock.day_bounds(day, time_zone)) for day in days]


def week_spans(days: Iterable[date], time_zone: str) -> list[Span]:
    """Return the weeks, Monday to Sunday, that contain one of these days."""
    mondays = sorted({day - timedelta(days=day.weekday()) for day in days})
    return [
        Span(monday, clock.day_bounds(monday, time_zone)[0], clock.day_bounds(monday + 6 * _ONE_DAY, time_zone)[1])
        for monday in mondays
    ]


def licences_hold(licences: Iterable[tuple[str, date]], day: date) -> bool:
    """Return whether licences (kind, last day) permit to drive on a day: at least one, and of each kind one valid."""
    latest: dict[str, date] = {}
    for kind, expires_on in licences:
        latest[kind] = max(expires_on, latest.get(kind, expires_on))
    return bool(latest) and min(latest.values()) >= day


def is_on_leave(leaves: Iterable[tuple[date, date]], days: Sequence[date]) -> bool:
    """Return whether one of these days, in order, is within a leave (first day, last day, both included)."""
    return any(first <= days[-1] and last >= days[0] for first, last in leaves)


def is_within_hours(hours: Sequence[WorkingInterval], begins: datetime, ends: datetime, time_zone: str) -> bool:
    """Return whether working hours cover all of a time; no hours at all cover every time."""
    if not hours:
        return True
    days = local_days(begins, ends, time_zone)
    reached = begins
    # From the day before on: its last interval may go past midnight.
    for since, until in sorted(
        (_local_instant(day, interval.begins, time_zone), _local_instant(day, interval.ends, time_zone))
        for day in [days[0] - _ONE_DAY, *days]
        for interval in hours
        if interval.weekday == day.isoweekday()
    ):
        if since > reached:
            break
        reached = max(reached, until)
    return reached >= ends


def driving_time(duties: Iterable[DutyPeriod], span: Span) -> timedelta:
    """Return the driving time of these duties within a span."""
    driven = (
        min(duty.ends, span.ends) - max(duty.begins, span.begins)
        for duty in duties
        if duty.is_driving and duty.begins < span.ends and duty.ends > span.begins
    )
    return sum(driven, timedelta(0))


def peak_driving_time(duties: Sequence[DutyPeriod], spans: Sequence[Span]) -> DrivingTime:
    """Return the driving time of the span with most of it, the first of equals."""
    return max((DrivingTime(driving_time(duties, span), span) for span in spans), key=lambda driving: driving.time)


def neighbours(duties: Iterable[DutyPeriod], ride: DutyPeriod) -> tuple[DutyPeriod | None, DutyPeriod | None]:
    """Return the last duty that ends before a ride begins, and the first that begins after it ends."""
    duties = list(duties)
    before = max((duty for duty in duties if duty.ends <= ride.begins), key=lambda duty: duty.ends, default=None)
    after = min((duty for duty in duties if duty.begins >= ride.ends), key=lambda duty: duty.begins, default=None)
    return before, after


def needs_rest_between(earlier: DutyPeriod, later: DutyPeriod, time_zone: str) -> bool:
    """Return whether the gap between two duties has to be a daily rest: they begin on different local days.

    Between duties that begin on the same day the gap is a break. A duty past midnight belongs to the day on which it
    begins, so that the next morning's duty needs a rest after it.
    """
    zone = ZoneInfo(time_zone)
    return earlier.begins.astimezone(zone).date() != later.begins.astimezone(zone).date()


def _local_instant(day: date, minutes: int, time_zone: str) -> datetime:
    """Return the instant at a local time, in minutes past a day's midnight; the earlier one if it occurs twice."""
    days, minute = divmod(minutes, _DAY)
    local = datetime.combine(day + timedelta(days=days), time(*divmod(minute, 60)), ZoneInfo(time_zone))
    return local.astimezone(UTC)
