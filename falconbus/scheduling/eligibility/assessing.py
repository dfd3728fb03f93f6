"""Who could take a ride: free, licensed and not on leave; and what to think of before asking them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from config import Settings
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.kit.settings import get_settings
from falconbus.scheduling.assignments.errors import StaffBusy, UnknownStaff
from falconbus.scheduling.assignments.models import Part
from falconbus.scheduling.eligibility import policy
from falconbus.scheduling.eligibility.errors import LicenceExpired, OnLeave
from falconbus.scheduling.eligibility.policy import Duty, Span
from falconbus.scheduling.staff_records.policy import Stretch

#: How far before and after a ride duties are looked at.
LOOK_AROUND = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Caution:
    """What speaks against somebody without forbidding it: driving_day, driving_week, rest or outside_hours."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How somebody stands to a ride.

    Rest is None when there is no accepted duty within 14 days on that side. The driving times are of the fullest local
    day and week that the ride touches, with the ride itself when it is driven.
    """

    staff_id: int
    name: str
    refusal: DomainError | None
    cautions: tuple[Caution, ...]
    rest_before: timedelta | None
    rest_after: timedelta | None
    driving_day: timedelta
    driving_week: timedelta


_FACTS = """
    SELECT person.id, person.name, duty.begins, duty.ends, duty.at_wheel, licence.kinds, licence.expiries,
           hours.weekdays, hours.begin_minutes, hours.end_minutes, leave.first_days, leave.last_days
    FROM person
    CROSS JOIN LATERAL (
        SELECT array_agg(starts_at ORDER BY id) AS begins, array_agg(ends_at ORDER BY id) AS ends,
               array_agg(part = 'driver' ORDER BY id) AS at_wheel
        FROM assignments
        WHERE staff_id = person.id AND status = 'accepted' AND ends_at > :since AND starts_at < :until
          AND (appointment_id = CAST(:besides AS bigint)) IS NOT TRUE
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
"""
_ASSESSED = text(f"""
    WITH person AS (
        SELECT id, name FROM users WHERE id = ANY (:staff_ids) AND active AND :part = ANY (roles)
    ) {_FACTS}
""")  # noqa: S608  both parts are ours
# The refusals of _refusal(), so that only those who are answered with have to be read and weighed.
_FREE = text(f"""
    WITH person AS (
        SELECT id, name, (SELECT max(ends_at) FROM assignments
                          WHERE staff_id = users.id AND status = 'accepted' AND ends_at > :since AND ends_at <= :begins
                            AND (appointment_id = CAST(:besides AS bigint)) IS NOT TRUE) AS rested_since
        FROM users
        WHERE roles <> '{{}}' AND :part = ANY (roles) AND active
          AND NOT EXISTS (SELECT FROM assignments
                          WHERE staff_id = users.id AND status = 'accepted' AND ends_at > :begins AND starts_at < :ends
                            AND (appointment_id = CAST(:besides AS bigint)) IS NOT TRUE)
          AND NOT EXISTS (SELECT FROM leaves
                          WHERE staff_id = users.id AND last_day >= :first_day AND first_day <= :last_day)
          AND (:part <> 'driver' OR :last_day <= (
                  SELECT min(latest.expires_on)
                  FROM (SELECT max(expires_on) AS expires_on FROM licences
                        WHERE staff_id = users.id GROUP BY kind) AS latest
              ))
        ORDER BY rested_since NULLS FIRST, name, id LIMIT :limit
    ) {_FACTS} ORDER BY person.rested_since NULLS FIRST, person.name, person.id
""")  # noqa: S608  both parts are ours


def assess(
    staff_ids: Collection[int], part: Part, begins: datetime, ends: datetime, *, besides: int | None = None
) -> dict[int, Standing]:
    """How these people stand to a ride, in one statement; UnknownStaff for one who has no such part or no open account.

    Their own assignments to the charter `besides` (its id) do not count: it is what they are asked about.
    """
    ride = _Ride(part, begins, ends)
    values = {**ride.values(besides), "staff_ids": sorted(set(staff_ids))}
    found = {row.id: _standing(row, ride) for row in db.session.execute(_ASSESSED, values)}
    for staff_id in staff_ids:
        if staff_id not in found:
            raise UnknownStaff(f"nobody with the key {staff_id} works as {part}")
    return found


def free(
    part: Part,
    begins: datetime,
    ends: datetime,
    *,
    besides: int | None = None,
    without: Collection[int] = (),
    limit: int = 50,
) -> list[Standing]:
    """Who could take a ride, those with most rest before it first, in one statement; nobody of `without`."""
    ride = _Ride(part, begins, ends)
    rows = db.session.execute(_FREE, {**ride.values(besides), "limit": limit + len(without)})
    standings = [_standing(row, ride) for row in rows if row.id not in without]
    return [standing for standing in standings if standing.refusal is None][:limit]


class _Ride:
    """What is the same for everybody who is asked: the ride, its local days and weeks, the limits."""

    def __init__(self, part: Part, begins: datetime, ends: datetime) -> None:
        self.settings = get_settings()
        self.zone = self.settings.time_zone
        self.part = part
        self.duty = Duty(begins.astimezone(UTC), ends.astimezone(UTC), part == Part.DRIVER)
        self.days = policy.local_days(self.duty.begins, self.duty.ends, self.zone)
        self.day_spans: list[Span] = policy.day_spans(self.days, self.zone)
        self.week_spans: list[Span] = policy.week_spans(self.days, self.zone)

    def values(self, besides: int | None) -> Mapping[str, Any]:
        """The parameters of the statements."""
        return {
            "part": self.part.value,
            "begins": self.duty.begins,
            "ends": self.duty.ends,
            "since": self.duty.begins - LOOK_AROUND,
            "until": self.duty.ends + LOOK_AROUND,
            "first_day": self.days[0],
            "last_day": self.days[-1],
            "besides": besides,
        }


def _standing(row: AnyRow, ride: _Ride) -> Standing:
    duties = [
        Duty(begins.astimezone(UTC), ends.astimezone(UTC), at_wheel)
        for begins, ends, at_wheel in _rows(row.begins, row.ends, row.at_wheel)
    ]
    hours = [Stretch(*stretch) for stretch in _rows(row.weekdays, row.begin_minutes, row.end_minutes)]
    before, after = policy.neighbours(duties, ride.duty)
    driven = [*duties, ride.duty]
    day, week = policy.most_at_wheel(driven, ride.day_spans), policy.most_at_wheel(driven, ride.week_spans)
    cautions = _wheel_cautions(day, week, ride.settings) if ride.duty.at_wheel else []
    cautions += _rest_cautions(before, after, ride)
    if not policy.is_within_hours(hours, ride.duty.begins, ride.duty.ends, ride.zone):
        cautions.append(Caution("outside_hours", "the ride is not within the working hours"))
    return Standing(
        staff_id=row.id,
        name=row.name,
        refusal=_refusal(row, duties, ride),
        cautions=tuple(cautions),
        rest_before=ride.duty.begins - before.ends if before else None,
        rest_after=after.begins - ride.duty.ends if after else None,
        driving_day=day.time,
        driving_week=week.time,
    )


def _refusal(row: AnyRow, duties: list[Duty], ride: _Ride) -> DomainError | None:
    if any(duty.begins < ride.duty.ends and duty.ends > ride.duty.begins for duty in duties):
        return StaffBusy(f"{row.name} is on another ride at that time")
    if policy.is_on_leave(_rows(row.first_days, row.last_days), ride.days):
        return OnLeave(f"{row.name} is on leave at that time")
    licences = _rows(row.kinds, row.expiries)
    if ride.duty.at_wheel and not policy.licences_hold(licences, ride.days[-1]):
        return LicenceExpired(f"{row.name} has no licence that holds until the end of the ride")
    return None


def _rest_cautions(before: Duty | None, after: Duty | None, ride: _Ride) -> Iterator[Caution]:
    asked = timedelta(hours=ride.settings.rest_hours)
    for side, earlier, later in (("before", before, ride.duty), ("after", ride.duty, after)):
        if earlier and later and policy.needs_rest_between(earlier, later, ride.zone):
            rest = later.begins - earlier.ends
            if rest < asked:
                had, limit = policy.duration_text(rest), policy.duration_text(asked)
                yield Caution("rest", f"{had} of rest {side} the ride; the limit is {limit}")


def _wheel_cautions(day: policy.Wheel, week: policy.Wheel, settings: Settings) -> list[Caution]:
    cautions = []
    for code, wheel, hours, when in (
        ("driving_day", day, settings.driving_hours_day, "on"),
        ("driving_week", week, settings.driving_hours_week, "in the week from"),
    ):
        if wheel.time > timedelta(hours=hours):
            driven = policy.duration_text(wheel.time)
            detail = f"{driven} at the wheel {when} {policy.day_text(wheel.span.first)}; the limit is {hours} h"
            cautions.append(Caution(code, detail))
    return cautions


def _rows(*arrays: list[Any] | None) -> list[tuple[Any, ...]]:
    """What PostgreSQL gathered column by column; it makes no array of nothing."""
    return list(zip(*(array or [] for array in arrays), strict=True))
