"""Cancelling a departure: everybody on it is told and gets everything back, all in one transaction or nothing of it.

The number of statements does not grow with the bookings. Bookings are locked before the departure, as whoever pays or
cancels does; who has booked between the two locks is locked without waiting, or all begins anew.
"""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from falconbus.bookings import withdrawing as bookings
from falconbus.bookings.models import DepartureNotice
from falconbus.bookings.withdrawing import BookingOnDeparture
from falconbus.checkout import refunding
from falconbus.messaging.mail_kinds import DEPARTURE_CANCELLED
from falconbus.payments import service as payments
from falconbus.payments.models import Payment
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.mailing import service as mailing
from falconbus.scheduling.line_crews import cancelled_departures as crews
from falconbus.timetable import departures

_REASON = "departure_cancelled"


@dataclass(frozen=True, slots=True)
class WithdrawnBooking:
    """A booking on the departure, and what becomes of its money."""

    booking: BookingOnDeparture
    #: The payment of a confirmed booking.
    payment: Payment | None
    #: A payment is under way: it comes back when it arrives.
    is_being_paid: bool

    @property
    def refund(self) -> int:
        return self.booking.fares if self.payment else 0

    @property
    def is_refunded_by_hand(self) -> bool:
        return self.payment is not None and self.refund > 0 and payments.refunds_by_hand(self.payment.provider)

    @property
    def is_told(self) -> bool:
        """A hold for which nothing is under way runs out without a word, as holds do whose traveller has left."""
        return self.booking.is_confirmed or self.is_being_paid


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Who is affected by cancelling a departure: bookings by key, and members of its crew."""

    schedule_id: int
    bookings: list[WithdrawnBooking]
    crew: int

    def refunds(self) -> dict[str, int]:
        """Return what comes back, by currency."""
        sums: dict[str, int] = {}
        for each in self.bookings:
            if each.refund:
                sums[each.booking.currency] = sums.get(each.booking.currency, 0) + each.refund
        return sums


def preview(schedule_id: int) -> Withdrawal:
    """Return who would be affected; nothing changes. ScheduleNotFound, Departed, AlreadyCancelled."""
    departures.check_cancellable(schedule_id)
    return _find_affected(schedule_id)


def withdraw(schedule_id: int, reason: str) -> Withdrawal:
    """Cancel a departure, for good. ScheduleNotFound, Departed, AlreadyCancelled."""
    departures.check_cancellable(schedule_id)
    locked = bookings.lock_on_departure(schedule_id)
    departures.cancel_schedule(schedule_id, reason)
    locked = bookings.lock_on_departure(schedule_id, besides=locked, waits=False)
    affected = _find_affected(schedule_id)
    now = clock.now()
    bookings.withdraw(schedule_id, [each.booking for each in affected.bookings], locked, at=now)
    owed = [(each.payment, each.refund) for each in affected.bookings if each.payment and each.refund]
    refunding.owe_each(owed, _REASON)
    _tell_travellers(affected, reason)
    crews.release_crew(schedule_id, reason)
    return affected


def _find_affected(schedule_id: int) -> Withdrawal:
    found = bookings.find_on_departure(schedule_id)
    paid = payments.get_by_keys([each.payment_id for each in found if each.is_confirmed and each.payment_id])
    being_paid = payments.being_paid([each.id for each in found])
    affected = [
        WithdrawnBooking(each, paid[each.payment_id or ""] if each.is_confirmed else None, each.id in being_paid)
        for each in found
    ]
    return Withdrawal(schedule_id, affected, len(crews.crew_of(schedule_id)))


def _tell_travellers(affected: Withdrawal, reason: str) -> None:
    told = [each for each in affected.bookings if each.is_told]
    notices = [
        DepartureNotice(
            booking_id=each.booking.id,
            schedule_id=affected.schedule_id,
            kind="cancelled",
            created_at=clock.now(),
            reason=reason,
            refund=each.refund,
            journeys=[
                {"number": number, "passengers": [passenger for _, passenger in tickets]}
                for number, tickets in groupby(each.booking.tickets, key=itemgetter(0))
            ],
        )
        for each in told
    ]
    db.session.add_all(notices)
    db.session.flush()
    recipients = {notice.id: each.booking.email for notice, each in zip(notices, told, strict=True)}
    mailing.tell_each(DEPARTURE_CANCELLED, recipients)
