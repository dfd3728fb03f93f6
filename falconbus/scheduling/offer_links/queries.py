"""What a link to answer is about, besides the ride."""

from sqlalchemy import text

from falconbus.platform.database.engine import AnyRow, db

_ASKED = text("""
    SELECT mine.id, mine.staff_id, mine.part, mine.status, mine.starts_at, mine.ends_at, mine.answer_by, mine.reason,
           mine.appointment_id, mine.origin_stop_id, mine.destination_stop_id,
           charter.reference, charter.status AS charter_status, charter.cancellation_reason,
           person.name, person.active, person.roles,
           (SELECT giver.name FROM assignments AS given JOIN users AS giver ON giver.id = given.staff_id
            WHERE given.id = mine.replaces_id) AS asked_by,
           (SELECT taker.name FROM assignments AS taken JOIN users AS taker ON taker.id = taken.staff_id
            WHERE taken.appointment_id = mine.appointment_id AND taken.replaces_id = mine.id
              AND taken.status = 'offered' LIMIT 1) AS asks,
           ARRAY(SELECT staff_id FROM assignments
                 WHERE appointment_id = mine.appointment_id AND status IN ('offered', 'accepted')) AS crew_ids
    FROM assignments AS mine
    JOIN appointments AS charter ON charter.id = mine.appointment_id
    JOIN users AS person ON person.id = mine.staff_id
    WHERE mine.id = :assignment_id AND mine.staff_id = :staff_id
""")


def find_asked(assignment_id: int, staff_id: int) -> AnyRow | None:
    """Somebody's part in a charter, the charter's state, and who has been asked to take over from whom."""
    row: AnyRow | None = db.session.execute(
        _ASKED, {"assignment_id": assignment_id, "staff_id": staff_id}
    ).one_or_none()
    return row
