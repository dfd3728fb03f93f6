"""Change notices: travellers are told of another bus or other times of what they hold tickets for.

Whoever changed it (an operator, a timetable, a feed): journeys have the times that their travellers know, a trigger
notes the coach, and a periodic job compares them with what holds. Notices, the journeys' new times and mails are of one
transaction for each departure. Holds get the new times without a mail: their traveller is about to see them.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from falconbus.bookings import withdrawing as bookings
from falconbus.bookings.models import BookingStatus, DepartureNotice
from falconbus.disruptions import queries
from falconbus.messaging.mail_kinds import DEPARTURE_CHANGED
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import AnyRow, db
from falconbus.platform.kit import clock
from falconbus.platform.mailing import service as mailing

_BATCH = 1000


def tell_travellers() -> int:
    """Tell those with tickets whose departure differs from what they know; return how many bookings. Nobody twice."""
    told = 0
    for schedule_id in queries.untold_departures(_BATCH):
        told += _tell(schedule_id)
        transactions.commit()
    return told


def _tell(schedule_id: int) -> int:
    bookings.lock_on_departure(schedule_id)
    if not queries.lock_untold(schedule_id):
        return 0
    journeys = queries.changed_journeys(schedule_id, clock.now())
    notices, recipients = [], []
    sold = (row for row in journeys if row.status == BookingStatus.CONFIRMED)
    for _, rows in groupby(sold, key=lambda row: row.booking_id):
        of_booking = list(rows)
        notices.append(_notice(schedule_id, of_booking))
        recipients.append(of_booking[0].email)
    db.session.add_all(notices)
    db.session.flush()
    mailing.tell_each(DEPARTURE_CHANGED, {notice.id: email for notice, email in zip(notices, recipients, strict=True)})
    queries.note_told(schedule_id, journeys)
    return len(notices)


def _notice(schedule_id: int, journeys: Sequence[AnyRow]) -> DepartureNotice:
    return DepartureNotice(
        booking_id=journeys[0].booking_id,
        schedule_id=schedule_id,
        kind="changed",
        created_at=clock.now(),
        journeys=[_change(row) for row in journeys],
    )


def _change(row: AnyRow) -> dict[str, Any]:
    """Return what one journey was and is: {"number": 1, "was": {...}, "now": {...}}; instants are UTC."""
    return {
        "number": row.number,
        "was": {
            "departs_at": row.departs_at.isoformat(),
            "arrives_at": row.arrives_at.isoformat(),
            "bus_number": row.told_bus_number,
        },
        "now": {
            "departs_at": row.now_departs_at.isoformat(),
            "arrives_at": row.now_arrives_at.isoformat(),
            "bus_number": row.bus_number,
        },
    }
