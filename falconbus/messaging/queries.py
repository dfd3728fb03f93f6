"""Who is to be told by mail, as long as that holds."""

from collections.abc import Collection, Sequence

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
    SELECT b.id, b.email
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


def find_travellers_of_expired(booking_ids: Collection[int]) -> Sequence[AnyRow]:
    """Return id and e-mail of those of these bookings whose travellers are to be told that their hold has run out."""
    return db.session.execute(_EXPIRED_HOLDS, {"booking_ids": list(booking_ids)}).all()


def find_reader(notification_id: int) -> str | None:
    """Return the address of a notification's reader; None when they need or want no mail about it."""
    address: str | None = db.session.scalar(_READER, {"notification_id": notification_id})
    return address


def find_client(change_id: int) -> str | None:
    """Return the address of the client of a charter that changed; None when the change no longer holds."""
    address: str | None = db.session.scalar(_CLIENT, {"change_id": change_id})
    return address
