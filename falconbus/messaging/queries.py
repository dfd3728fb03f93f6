"""Who is to be told by mail, as long as that holds."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import text

from falconbus.platform.database.engine import AnyRow, db

# Nobody wants a mail about what they have read, and nobody gets one whose account is closed.
_READER = text("""
    SELECT u.email
    FROM notifications n
    JOIN unread_notifications unread ON unread.notification_id = n.id
    JOIN users u ON u.id = n.staff_id AND u.active
    LEFT JOIN staff_profiles profile ON profile.staff_id = u.id
    WHERE n.id = :notification_id AND coalesce(profile.wants_mail, true)
""")
# What no longer holds is not told: a cancellation has a mail of its own, and so has the next crew that accepts.
_CLIENT = text("""
    SELECT a.client_email
    FROM appointment_changes c
    JOIN appointments a ON a.id = c.appointment_id
    WHERE c.id = :change_id
      AND (c.action = 'cancelled' OR a.status <> 'cancelled')
      AND (c.action <> 'accepted' OR a.status IN ('accepted', 'in_progress', 'completed'))
""")
# That nothing was paid is not told while a payment is under way, nor when money has come: those end with a mail of
# their own. And whoever has paid, or is paying, for each journey of the hold under another reference needs no new one.
_EXPIRED_HOLDS = text("""
    SELECT b.id, b.email, b.client
    FROM bookings b
    WHERE b.id = ANY (CAST(:booking_ids AS bigint[])) AND b.status = 'expired'
      AND NOT EXISTS (
          SELECT FROM payments p WHERE p.booking_id = b.id AND p.status IN ('started', 'pending', 'unresolved', 'paid'))
      AND EXISTS (
          SELECT FROM journeys j
          WHERE j.booking_id = b.id
            AND EXISTS (
                SELECT FROM tickets t
                WHERE t.booking_id = b.id AND t.journey_number = j.number AND t.status <> 'cancelled')
            AND NOT EXISTS (
                SELECT FROM journeys same
                JOIN bookings other ON other.id = same.booking_id
                JOIN tickets t ON t.booking_id = same.booking_id AND t.journey_number = same.number
                WHERE same.schedule_id = j.schedule_id AND same.origin_id = j.origin_id
                  AND same.destination_id = j.destination_id AND other.id <> b.id AND other.email = b.email
                  AND t.status <> 'cancelled'
                  AND (other.status = 'confirmed' OR EXISTS (
                      SELECT FROM payments p
                      WHERE p.booking_id = other.id AND p.status IN ('started', 'pending', 'unresolved')))))
    ORDER BY b.id
""")
_SAME_DEPARTURE = """
    departure_notices other JOIN departure_notices told
        ON other.booking_id = told.booking_id AND other.schedule_id = told.schedule_id AND other.kind = told.kind
    WHERE told.id = :notice_id
"""
_LATER = text(f"SELECT EXISTS (SELECT FROM {_SAME_DEPARTURE} AND other.id > told.id)")  # noqa: S608  all of it is ours
# Newest first, so that the oldest has the last word on what was told before.
_UNTOLD = text(f"""
    SELECT change FROM (
        SELECT other.id, other.journeys FROM {_SAME_DEPARTURE} AND other.id < told.id
            AND other.id > coalesce((
                SELECT max(sent.subject_id) FROM mails sent
                WHERE sent.kind = 'departure.changed' AND sent.status = 'sent' AND sent.subject_id IN (
                    SELECT id FROM departure_notices same
                    WHERE same.booking_id = told.booking_id AND same.schedule_id = told.schedule_id)), 0)
    ) untold, jsonb_array_elements(untold.journeys) AS change
    ORDER BY untold.id DESC
""")  # noqa: S608  all of it is ours


def has_later_notice(notice_id: int) -> bool:
    """Tell whether another notice of the same kind, about the same booking and departure, was made after this one."""
    return bool(db.session.scalar(_LATER, {"notice_id": notice_id}))


def untold_changes(notice_id: int) -> Sequence[dict[str, Any]]:
    """Return the changes of notices before this one whose mails have not gone since one did, newest first."""
    return db.session.scalars(_UNTOLD, {"notice_id": notice_id}).all()


def find_travellers_of_expired(booking_ids: Collection[int]) -> Sequence[AnyRow]:
    """Return id, e-mail, client of those of these bookings whose travellers are to be told that their hold ran out."""
    return db.session.execute(_EXPIRED_HOLDS, {"booking_ids": list(booking_ids)}).all()


def find_reader(notification_id: int) -> str | None:
    """Return the address of a notification's reader; None when they need or want no mail about it."""
    address: str | None = db.session.scalar(_READER, {"notification_id": notification_id})
    return address


def find_client(change_id: int) -> str | None:
    """Return the address of the client of a charter that changed; None when the change no longer holds."""
    address: str | None = db.session.scalar(_CLIENT, {"change_id": change_id})
    return address
