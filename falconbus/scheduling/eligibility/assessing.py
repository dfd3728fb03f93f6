"""Assessment of staff for a ride: what forbids it (busy, on leave, no licence), and what to be warned of."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from config import Settings
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.design import formats
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.kit.settings import get_settings
from falconbus.scheduling.assignments.errors import StaffBusy, UnknownStaff
from falconbus.scheduling.assignments.models import CrewRole
from falconbus.scheduling.assignments.service import UNKNOWN_PLACES, Places
from falconbus.scheduling.eligibility import policy
from falconbus.scheduling.eligibility.errors import LicenceExpired, OnLeave, TooFar
from falconbus.scheduling.eligibility.policy import DutyPeriod, Span
from falconbus.scheduling.staff_records.policy import WorkingInterval

#: Duties within this time before and after a ride are considered.
LOOK_AROUND = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class EligibilityWarning:
    """A reason against an assignment that does not forbid it: driving_day, driving_week, rest or outside_hours."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """A person's eligibility for a ride: they may be assigned when `refusal` is None.

    Rest is None when there is no accepted duty within 14 days on that side. Driving times are those of the local day
    and week of the ride with most of it, the ride included if they would drive.
    """

    staff_id: int
    name: str
    refusal: DomainError | None
    warnings: tuple[EligibilityWarning, ...]
    rest_before: timedelta | None
    rest_after: timedelta | None
    driving_day: timedelta
    driving_week: timedelta


# The rides next to this one, of which the person must be able to get here, and there afterwards.
_TOO_FAR = """
    (SELECT coalesce(bool_or(too_far(gap.origin, gap.destination, gap.time, :travel_kmh)), false)
     FROM ((SELECT destination_stop_id AS origin, CAST(:origin_stop_id AS int) AS destination,
                   CAST(:begins AS timestamptz) - ends_at AS time
            FROM assignments
            WHERE staff_id = {staff_id} AND status = 'accepted' AND ends_at > :since AND ends_at <= :begins
              AND (appointment_id = CAST(:ignored_appointment_id AS bigint)) IS NOT TRUE
            ORDER BY ends_at DESC LIMIT 1)
           UNION ALL
           (SELECT CAST(:destination_stop_id AS int), origin_stop_id, starts_at - CAST(:ends AS timestamptz)
            FROM assignments
            WHERE staff_id = {staff_id} AND status = 'accepted' AND ends_at > :ends AND starts_at >= :ends
              AND (appointment_id = CAST(:ignored_appointment_id AS bigint)) IS NOT TRUE
            ORDER BY ends_at LIMIT 1)) AS gap)
"""
_ASSESSMENT = f"""
    SELECT person.id, person.name, duty.begins, duty.ends, duty.is_driving, licence.kinds, licence.expiries,
           hours.weekdays, hours.begin_minutes, hours.end_minutes, leave.first_days, leave.last_days,
           {_TOO_FAR.format(staff_id="person.id")} AS is_too_far
    FROM person
    CROSS JOIN LATERAL (
        SELECT array_agg(starts_at ORDER BY id) AS begins, array_agg(ends_at ORDER BY id) AS ends,
               array_agg(part = 'driver' ORDER BY id) AS is_driving
        FROM assignments
        WHERE staff_id = person.id AND status = 'accepted' AND ends_at > :since AND starts_at < :until
          AND (appointment_id = CAST(:ignored_appointment_id AS bigint)) IS NOT TRUE
    ) AS duty
    CROSS JOIN LATERAL (
        SELECT array_agg(kind ORDER BY id) AS kinds, array_agg(expires_on ORDER BY id) AS expiries
        FROM licences WHERE staff_id = person.id
    ) AS licence
    CROSS JOIN LATERAL (
        SELECT array_agg(weekday ORDER BY weekday, begins_minute) AS weekdays,
               array_agg(begins_minute ORDER BY weekday, begins_minute) AS begin_minutes,
               array_agg(ends_minute ORDER BY weekday, begins_minute) AS end_minutes
        FROM working_hours WHERE staff_id = person.id
    ) AS hours
    CROSS JOIN LATERAL (
        SELECT array_agg(first_day ORDER BY id) AS first_days, array_agg(last_day ORDER BY id) AS last_days
        FROM leaves WHERE staff_id = person.id AND first_day <= :last_day AND last_day >= :first_day
    ) AS leave
"""  # noqa: S608  all of it is ours
_ASSESS_STAFF = text(f"""
    WITH person AS (
        SELECT id, name FROM users WHERE id = ANY (:staff_ids) AND active AND :role = ANY (roles)
    ) {_ASSESSMENT}
""")  # noqa: S608  both parts are ours
# Applies the refusals of _refusal() in SQL, so that only the staff returned have to be assessed.
_FIND_AVAILABLE = text(f"""
    WITH person AS (
        SELECT id, name, (SELECT max(ends_at) FROM assignments
                          WHERE staff_id = users.id AND status = 'accepted' AND ends_at > :since AND ends_at <= :begins
                            AND (appointment_id = CAST(:ignored_appointment_id AS bigint)) IS NOT TRUE) AS rested_since
        FROM users
        WHERE roles <> '{{}}' AND :role = ANY (roles) AND active
          AND NOT EXISTS (SELECT FROM assignments
                          WHERE staff_id = users.id AND status = 'accepted' AND ends_at > :begins AND starts_at < :ends
                            AND (appointment_id = CAST(:ignored_appointment_id AS bigint)) IS NOT TRUE)
          AND NOT EXISTS (SELECT FROM leaves
                          WHERE staff_id = users.id AND last_day >= :first_day AND first_day <= :last_day)
          AND (:role <> 'driver' OR :last_day <= (
                  SELECT min(latest.expires_on)
                  FROM (SELECT max(expires_on) AS expires_on FROM licences
                        WHERE staff_id = users.id GROUP BY kind) AS latest
              ))
          AND NOT {_TOO_FAR.format(staff_id="users.id")}
        ORDER BY rested_since NULLS FIRST, name, id LIMIT :limit
    ) {_ASSESSMENT} ORDER BY person.rested_since NULLS FIRST, person.name, person.id
""")  # noqa: S608  both parts are ours


def assess(
    staff_ids: Collection[int],
    role: CrewRole,
    begins: datetime,
    ends: datetime,
    *,
    ignored_appointment_id: int | None = None,
    places: Places = UNKNOWN_PLACES,
) -> dict[int, Eligibility]:
    """Return the eligibility of staff for a ride by key, in one statement.

    Assignments to the charter `ignored_appointment_id` do not count: it is the ride itself. UnknownStaff when one of
    them lacks the role or an open account.
    """
    ride = _RideContext(role, begins, ends, places)
    values = {**ride.values(ignored_appointment_id), "staff_ids": sorted(set(staff_ids))}
    eligibilities = {row.id: _eligibility(row, ride) for row in db.session.execute(_ASSESS_STAFF, values)}
    for staff_id in staff_ids:
        if staff_id not in eligibilities:
            raise UnknownStaff(f"nobody with the key {staff_id} works as {role}")
    return eligibilities


def available_staff(
    role: CrewRole,
    begins: datetime,
    ends: datetime,
    *,
    ignored_appointment_id: int | None = None,
    places: Places = UNKNOWN_PLACES,
    excluded_staff_ids: Collection[int] = (),
    limit: int = 50,
) -> list[Eligibility]:
    """Return who may be assigned to a ride, those with most rest before it first, in one statement."""
    ride = _RideContext(role, begins, ends, places)
    rows = db.session.execute(
        _FIND_AVAILABLE, {**ride.values(ignored_appointment_id), "limit": limit + len(excluded_staff_ids)}
    )
    eligibilities = [_eligibility(row, ride) for row in rows if row.id not in excluded_staff_ids]
    return [eligibility for eligibility in eligibilities if eligibility.refusal is None][:limit]


class _RideContext:
    """What the assessments of all staff share: the ride, its local days and weeks, the limits."""

    def __init__(self, role: CrewRole, begins: datetime, ends: datetime, places: Places) -> None:
        self.settings = get_settings()
        self.zone = self.settings.time_zone
        self.role = role
        self.places = places
        self.duty = DutyPeriod(begins.astimezone(UTC), ends.astimezone(UTC), role == CrewRole.DRIVER)
        self.days = policy.local_days(self.duty.begins, self.duty.ends, self.zone)
        self.day_spans: list[Span] = policy.day_spans(self.days, self.zone)
        self.week_spans: list[Span] = policy.week_spans(self.days, self.zone)

    def values(self, ignored_appointment_id: int | None) -> Mapping[str, Any]:
        """Return the parameters of the statements."""
        return {
            "role": self.role.value,
            "begins": self.duty.begins,
            "ends": self.duty.ends,
            "since": self.duty.begins - LOOK_AROUND,
            "until": self.duty.ends + LOOK_AROUND,
            "first_day": self.days[0],
            "last_day": self.days[-1],
            "ignored_appointment_id": ignored_appointment_id,
            "origin_stop_id": self.places.origin_stop_id,
            "destination_stop_id": self.places.destination_stop_id,
            "travel_kmh": self.settings.travel_kmh,
        }


def _eligibility(row: AnyRow, ride: _RideContext) -> Eligibility:
    duties = [
        DutyPeriod(begins.astimezone(UTC), ends.astimezone(UTC), is_driving)
        for begins, ends, is_driving in _rows(row.begins, row.ends, row.is_driving)
    ]
    hours = [WorkingInterval(*interval) for interval in _rows(row.weekdays, row.begin_minutes, row.end_minutes)]
    before, after = policy.neighbours(duties, ride.duty)
    with_ride = [*duties, ride.duty]
    day = policy.peak_driving_time(with_ride, ride.day_spans)
    week = policy.peak_driving_time(with_ride, ride.week_spans)
    warnings = _driving_warnings(day, week, ride.settings) if ride.duty.is_driving else []
    warnings += _rest_warnings(before, after, ride)
    if not policy.is_within_hours(hours, ride.duty.begins, ride.duty.ends, ride.zone):
        warnings.append(EligibilityWarning("outside_hours", "the ride is not within the working hours"))
    return Eligibility(
        staff_id=row.id,
        name=row.name,
        refusal=_refusal(row, duties, ride),
        warnings=tuple(warnings),
        rest_before=ride.duty.begins - before.ends if before else None,
        rest_after=after.begins - ride.duty.ends if after else None,
        driving_day=day.time,
        driving_week=week.time,
    )


def _refusal(row: AnyRow, duties: list[DutyPeriod], ride: _RideContext) -> DomainError | None:
    if any(duty.begins < ride.duty.ends and duty.ends > ride.duty.begins for duty in duties):
        return StaffBusy(f"{row.name} is on another ride at that time")
    if policy.is_on_leave(_rows(row.first_days, row.last_days), ride.days):
        return OnLeave(f"{row.name} is on leave at that time")
    licences = _rows(row.kinds, row.expiries)
    if ride.duty.is_driving and not policy.licences_hold(licences, ride.days[-1]):
        return LicenceExpired(f"{row.name} has no licence that holds until the end of the ride")
    if row.is_too_far:
        return TooFar(f"{row.name} cannot be there in time from the ride before, or for the next one")
    return None


def _rest_warnings(
    before: DutyPeriod | None, after: DutyPeriod | None, ride: _RideContext
) -> Iterator[EligibilityWarning]:
    required = timedelta(hours=ride.settings.rest_hours)
    for side, earlier, later in (("before", before, ride.duty), ("after", ride.duty, after)):
        if earlier and later and policy.needs_rest_between(earlier, later, ride.zone):
            rest = later.begins - earlier.ends
            if rest < required:
                actual, limit = formats.shortest_duration(rest), formats.shortest_duration(required)
                yield EligibilityWarning("rest", f"{actual} of rest {side} the ride; the limit is {limit}")


def _driving_warnings(
    day: policy.DrivingTime, week: policy.DrivingTime, settings: Settings
) -> list[EligibilityWarning]:
    warnings = []
    for code, driving, hours, when in (
        ("driving_day", day, settings.driving_hours_day, "on"),
        ("driving_week", week, settings.driving_hours_week, "in the week from"),
    ):
        if driving.time > timedelta(hours=hours):
            driven = formats.shortest_duration(driving.time)
            day_text = formats.short_day(driving.span.first, formats.STAFF_LANGUAGE)
            detail = f"{driven} at the wheel {when} {day_text}; the limit is {hours} h"
            warnings.append(EligibilityWarning(code, detail))
    return warnings


def _rows(*arrays: list[Any] | None) -> list[tuple[Any, ...]]:
    """Return the rows of arrays that were aggregated column by column; PostgreSQL gives NULL for no rows."""
    return list(zip(*(array or [] for array in arrays), strict=True))
