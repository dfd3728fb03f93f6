"""Reads of the staff. A list is one statement, which also counts: past the last page it returns only the count."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select, text

from falconbus.accounts.models import Role
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.kit import clock, references
from falconbus.platform.kit.settings import get_settings
from falconbus.scheduling.appointments.errors import AppointmentNotFound
from falconbus.scheduling.appointments.models import Appointment
from falconbus.scheduling.assignments.service import Places
from falconbus.scheduling.staff_records.errors import StaffNotFound

_PERSON = """
    person.id, person.name, person.email, person.roles, person.active, profile.phone,
    (SELECT min(latest.expires_on)
     FROM (SELECT max(expires_on) AS expires_on FROM licences
           WHERE staff_id = person.id GROUP BY kind) AS latest) AS licence_expires_on,
    (SELECT max(last_day) FROM leaves
     WHERE staff_id = person.id AND first_day <= :today AND last_day >= :today) AS on_leave_until
"""
# Most accounts are travellers' (millions): the page is cut before details are joined.
_FOUND = """
    WITH found AS (
        SELECT id, name, email, roles, active FROM users
        WHERE roles <> '{}' AND (active OR NOT :only_active)
          AND (CAST(:role AS text) IS NULL OR :role = ANY (roles))
          AND (CAST(:words AS text) IS NULL
               OR strpos(lower(name), lower(:words)) > 0 OR strpos(email, lower(:words)) > 0)
    ), total AS (
        SELECT count(*) AS count FROM found
    ), person AS (
        SELECT * FROM found ORDER BY name, id LIMIT :limit OFFSET :offset
    )
"""
_DUTY = """
    duty AS NOT MATERIALIZED (
        SELECT assignments.staff_id, assignments.part, assignments.starts_at, assignments.ends_at,
               appointments.reference, assignments.schedule_id,
               coalesce(appointments.time_zone, stops.time_zone) AS time_zone
        FROM assignments
        LEFT JOIN appointments ON appointments.id = assignments.appointment_id
        LEFT JOIN schedules ON schedules.id = assignments.schedule_id
        LEFT JOIN routes ON routes.id = schedules.route_id
        LEFT JOIN stops ON stops.id = routes.origin_id
        WHERE assignments.status = 'accepted'
    )
"""
_STAFF = text(f"""
    {_FOUND} SELECT total.count AS total, {_PERSON}
    FROM total
    LEFT JOIN person ON true
    LEFT JOIN staff_profiles AS profile ON profile.staff_id = person.id
    ORDER BY person.name, person.id
""")  # noqa: S608  all of it is ours
# A person's accepted duties never overlap, so that they end in the order in which they start: one index has both.
_ACTIVE = text(f"""
    {_FOUND}, {_DUTY} SELECT total.count AS total, {_PERSON},
        present.reference, present.schedule_id, present.ends_at AS until, present.time_zone,
        following.starts_at AS next_starts_at, following.time_zone AS next_time_zone
    FROM total
    LEFT JOIN person ON true
    LEFT JOIN staff_profiles AS profile ON profile.staff_id = person.id
    LEFT JOIN LATERAL (
        SELECT * FROM (SELECT * FROM duty WHERE staff_id = person.id AND ends_at > :now ORDER BY ends_at LIMIT 1)
        WHERE starts_at <= :now
    ) AS present ON true
    LEFT JOIN LATERAL (
        SELECT * FROM duty WHERE staff_id = person.id AND ends_at > :now AND starts_at > :now
        ORDER BY ends_at LIMIT 1
    ) AS following ON true
    ORDER BY person.name, person.id
""")  # noqa: S608  all of it is ours
_ONE = text(f"""
    SELECT {_PERSON}
    FROM users AS person
    LEFT JOIN staff_profiles AS profile ON profile.staff_id = person.id
    WHERE person.id = :staff_id AND person.roles <> '{{}}'
""")  # noqa: S608  all of it is ours
_DUTIES = text(f"""
    WITH {_DUTY} SELECT part, starts_at, ends_at, reference, schedule_id, time_zone FROM duty
    WHERE staff_id = :staff_id AND ends_at > :since AND starts_at < :until
    ORDER BY starts_at
""")  # noqa: S608  all of it is ours
_DUTIES_TO_COME = text("""
    SELECT count(*) FROM assignments
    WHERE staff_id = :staff_id AND status = 'accepted' AND ends_at > :now AND NOT part = ANY (CAST(:kept AS varchar[]))
""")


def staff(
    *, role: Role | None, words: str | None, only_active: bool, limit: int, offset: int
) -> tuple[int, list[AnyRow]]:
    """Return the number of staff and one page of them by name; with `only_active`, with their present and next duty.

    `role`: only those who have it; `words`: only those whose name or e-mail contains them.
    """
    values = {
        "role": role,
        "words": words,
        "only_active": only_active,
        "limit": limit,
        "offset": offset,
        "today": _today(),
        "now": clock.now(),
    }
    rows = db.session.execute(_ACTIVE if only_active else _STAFF, values).all()
    return rows[0].total, [row for row in rows if row.id is not None]


def get_person(staff_id: int) -> AnyRow:
    """Return a member of the staff with the columns of the lists; StaffNotFound."""
    row = db.session.execute(_ONE, {"staff_id": staff_id, "today": _today()}).one_or_none()
    if row is None:
        raise StaffNotFound
    return row


def duties(staff_id: int, since: datetime, until: datetime) -> Sequence[AnyRow]:
    """Return somebody's accepted duties that overlap a time, each with its local time zone."""
    return db.session.execute(_DUTIES, {"staff_id": staff_id, "since": since, "until": until}).all()


def count_duties_to_come(staff_id: int, *, kept: Sequence[str]) -> int:
    """Return the number of somebody's accepted duties that have not ended, except those in the `kept` roles."""
    values = {"staff_id": staff_id, "now": clock.now(), "kept": list(kept)}
    number: int = db.session.execute(_DUTIES_TO_COME, values).scalar_one()
    return number


def get_appointment(reference: str) -> tuple[int, Places]:
    """Return the key of a charter, and where it begins and ends; AppointmentNotFound."""
    statement = select(Appointment.id, Appointment.pick_up_stop_id, Appointment.drop_off_stop_id)
    is_meant = Appointment.reference == references.read_reference(reference)
    row = db.session.execute(statement.where(is_meant)).one_or_none()
    if row is None:
        raise AppointmentNotFound
    return row.id, Places(row.pick_up_stop_id, row.drop_off_stop_id)


def _today() -> date:
    return clock.today(get_settings().time_zone)
