"""Use cases of existing bookings: show, extend, confirm, cancel, expire."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select, text, update

from falconbus.bookings import payment_reads, policy, queries, rides
from falconbus.bookings.errors import (
    BookingNotFound,
    BookingOver,
    HoldExpired,
    TooLateToCancel,
    UnknownJourney,
    UnknownPassenger,
)
from falconbus.bookings.models import Booking, BookingStatus, Ticket, TicketStatus
from falconbus.bookings.permissions import CHANGE_BOOKINGS, MANAGED_BOOKING
from falconbus.bookings.read_model import BookingDetails, JourneyDetails, TicketDetails
from falconbus.fares import refunds
from falconbus.inventory import claiming
from falconbus.inventory.claiming import Claim
from falconbus.inventory.errors import NotOnSale, SeatTaken
from falconbus.platform.database.engine import AnySelect, db
from falconbus.platform.kit import references
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web.identity import Identity
from falconbus.timetable.errors import Departed

_MANAGE = "manage"
_MANAGE_PREFIX = "fbm"


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The effect of a cancellation: tickets as (journey, passenger), and amounts in the smallest unit."""

    tickets: list[tuple[int, int]]
    seats: list[Claim]
    refund: int
    fee: int
    currency: str
    ends_booking: bool
    #: On one of the journeys only children would be left.
    leaves_children_alone: bool = False


def hold_duration() -> timedelta:
    """Return how long a hold lasts (HOLD_MINUTES)."""
    return timedelta(minutes=get_settings().hold_minutes)


def manage_token(reference: str, secret_key: str, link_version: int = 1) -> str:
    """Return a booking's manage token `fbm_<reference>_<signature>`, derived from the secret key and not stored.

    That of a link that was renewed is `fbm_<reference>.<version>_<signature>`.
    """
    link = reference if link_version == 1 else f"{reference}.{link_version}"
    return f"{_MANAGE_PREFIX}_{link}_{references.signature(secret_key, _MANAGE, link)}"


def load_identity(token: str) -> Identity | None:
    """Return the identity of a manage token's bearer; None for a token that is not valid.

    Whether its link still holds is known with the booking (queries.visible_to).
    """
    secret_key = get_settings().secret_key
    prefix, _, rest = token.partition("_")
    link, _, signature = rest.partition("_")
    if (
        prefix != _MANAGE_PREFIX
        or not link.isascii()
        or not references.is_signature(signature, secret_key, _MANAGE, link)
    ):
        return None
    reference, _, version = link.partition(".")
    return Identity(managed=(MANAGED_BOOKING, reference), managed_version=int(version or 1))


def lock_changeable(reference: str, identity: Identity, email: str | None) -> Booking:
    """Return a booking, locked for an update; BookingNotFound when the caller may not change it."""
    changeable = queries.visible_to(identity, email, of_staff=CHANGE_BOOKINGS)
    statement = queries.select_by_reference(reference, changeable).with_for_update()
    return _get(statement.execution_options(populate_existing=True))


def load_visible(reference: str, identity: Identity, email: str | None) -> Booking:
    """Return a booking without locking it; BookingNotFound when the caller may not see it."""
    return _get(queries.select_by_reference(reference, queries.visible_to(identity, email)))


def _get(statement: Select[Booking]) -> Booking:
    booking: Booking | None = db.session.scalars(statement).one_or_none()
    if booking is None:
        raise BookingNotFound
    return booking


def lock(booking_id: int) -> Booking:
    """Reload a booking and lock it for an update."""
    statement = select(Booking).where(Booking.id == booking_id).with_for_update()
    return db.session.scalars(statement.execution_options(populate_existing=True)).one()


def get_visible(reference: str, identity: Identity, email: str | None) -> BookingDetails:
    """Return the read model of a booking; BookingNotFound when the caller may not see it."""
    statement = queries.select_by_reference(reference, queries.visible_to(identity, email))
    return _load_details(statement.with_only_columns(*queries.BOOKING_COLUMNS))


def get_visible_id(reference: str, identity: Identity, email: str | None) -> int:
    """Return a booking's id; BookingNotFound when the caller may not see it."""
    statement = queries.select_by_reference(reference, queries.visible_to(identity, email))
    booking_id: int | None = db.session.scalar(statement.with_only_columns(Booking.id))
    if booking_id is None:
        raise BookingNotFound
    return booking_id


def get_details(booking_id: int) -> BookingDetails:
    """Return the read model of a booking without a check of permission; BookingNotFound."""
    return _load_details(select(*queries.BOOKING_COLUMNS).where(Booking.id == booking_id))


def check_payable(booking: Booking, now: datetime) -> None:
    """Raise what stands in the way of paying: HoldExpired, BookingOver, Departed, NotOnSale."""
    if booking.status == BookingStatus.EXPIRED or (booking.status == BookingStatus.HELD and booking.expires_at <= now):
        raise HoldExpired
    if booking.status == BookingStatus.CONFIRMED:
        raise BookingOver("the booking is already paid")
    if booking.status != BookingStatus.HELD:
        raise BookingOver(f"the booking is {booking.status}")
    _check_sold(booking, now)


def _check_sold(booking: Booking, now: datetime) -> None:
    """Raise Departed or NotOnSale when the journeys of a booking are not sold any more, as for a hold."""
    sale = queries.find_sale_state(booking.id, now)
    if sale.has_left:
        raise Departed
    if not sale.is_on_sale:
        raise NotOnSale


def extend_hold(booking: Booking, hold_for: timedelta, now: datetime) -> None:
    """Extend a hold so that it does not expire while a payment provider is at work."""
    extended_until = policy.extended_hold(booking.expires_at, booking.created_at, hold_for, now)
    if extended_until > booking.expires_at:
        booking.expires_at = extended_until
        claiming.extend_claims(booking.id, extended_until)


def confirm(booking: Booking, *, payment_id: str, at: datetime) -> None:
    """Sell the seats of a paid booking, claiming them again if its hold expired.

    Raises Departed, NotOnSale, or SeatTaken when others have them; nothing is changed then.
    """
    live = rides.live_rides(queries.journeys(booking.id))
    if any(journey.has_left(at) for journey, _ in live):
        raise Departed
    # Only while a hold lasts does its departure's bus have its seats for certain.
    if booking.expires_at <= at and queries.has_seats_missing(booking.id):
        raise SeatTaken
    with db.session.begin_nested() as savepoint:
        is_sold = claiming.claim_seats(booking.id, rides.claims_of(live), None, at)
        if not is_sold:
            savepoint.rollback()
    if not is_sold:
        _check_sold(booking, at)
        raise SeatTaken
    booking.confirm(payment_id=payment_id, at=at)
    reserved = (Ticket.booking_id == booking.id, Ticket.status == TicketStatus.RESERVED)
    db.session.execute(update(Ticket).where(*reserved).values(status=TicketStatus.ISSUED))
    db.session.flush()


def expire(booking: Booking) -> None:
    """Release the seats of an expired hold; its tickets stay reserved, in case a payment arrives late."""
    booking.expire()
    claiming.release_seats(booking.id)
    db.session.flush()


_EXPIRED_HOLDS = text("""
    SELECT id FROM bookings WHERE status = 'held' AND expires_at <= :now ORDER BY expires_at LIMIT :limit
    FOR UPDATE SKIP LOCKED
""")


def lock_expired_holds(now: datetime, limit: int) -> list[Booking]:
    """Return expired holds, locked; those that another transaction has locked are skipped."""
    ids = db.session.execute(_EXPIRED_HOLDS, {"now": now, "limit": limit}).scalars().all()
    return list(db.session.scalars(select(Booking).where(Booking.id.in_(ids)).order_by(Booking.id)))


def quote_cancellation(
    booking: Booking,
    passengers: Collection[int] | None,
    now: datetime,
    *,
    journeys: Collection[int] | None = None,
    waives_fee: bool = False,
) -> Cancellation:
    """Return what cancelling the passengers on the journeys (by number, None for all) would cost; change nothing.

    Of all journeys those that have left stay. Where the fee is waived everything comes back, also of coaches that have
    left. Raises HoldExpired, BookingOver, UnknownJourney, UnknownPassenger, TooLateToCancel.
    """
    check_cancellable(booking, now)
    live = rides.live_rides(queries.journeys(booking.id))
    check_journeys_known(journeys, {journey.number for journey, _ in live})
    on_journeys = [(journey, ticket) for journey, ticket in live if journeys is None or journey.number in journeys]
    check_passengers_known(passengers, {ticket.passenger.number for _, ticket in on_journeys})
    chosen = [
        (journey, ticket)
        for journey, ticket in on_journeys
        if passengers is None or ticket.passenger.number in passengers
    ]
    ahead = [(journey, ticket) for journey, ticket in chosen if waives_fee or not journey.has_left(now)]
    if not ahead or (journeys is not None and len(ahead) < len(chosen)):
        raise TooLateToCancel
    paid = booking.status == BookingStatus.CONFIRMED
    fares = sum(ticket.fare for _, ticket in ahead)
    owed = fares if waives_fee else sum(_refund(ticket, journey, now) for journey, ticket in ahead)
    refund = owed if paid else 0
    return Cancellation(
        tickets=[(journey.number, ticket.passenger.number) for journey, ticket in ahead],
        seats=rides.claims_of(ahead),
        refund=refund,
        fee=fares - refund if paid else 0,
        currency=booking.currency,
        ends_booking=len(ahead) == len(live),
        leaves_children_alone=rides.leave_children_alone(ahead, live),
    )


def check_cancellable(booking: Booking, now: datetime) -> None:
    if booking.status == BookingStatus.EXPIRED or (booking.status == BookingStatus.HELD and booking.expires_at <= now):
        raise HoldExpired
    if booking.status not in {BookingStatus.HELD, BookingStatus.CONFIRMED}:
        raise BookingOver(f"the booking is {booking.status}")


def check_journeys_known(journeys: Collection[int] | None, known: Collection[int]) -> None:
    for index, number in enumerate(journeys or ()):
        if number not in known:
            raise UnknownJourney(pointer=f"/journeys/{index}")


def check_passengers_known(passengers: Collection[int] | None, known: Collection[int]) -> None:
    for index, number in enumerate(passengers or ()):
        if number not in known:
            raise UnknownPassenger(pointer=f"/passengers/{index}")


def cancel(booking: Booking, cancellation: Cancellation, at: datetime) -> None:
    """Carry out a quoted cancellation: cancel its tickets and release their seats."""
    claiming.release_seats(booking.id, cancellation.seats)
    fares = queries.cancel_tickets(booking.id, cancellation.tickets)
    if booking.status == BookingStatus.HELD:
        booking.total -= sum(fares)
    booking.refund_amount += cancellation.refund
    booking.fee_amount += cancellation.fee
    if cancellation.ends_booking:
        booking.cancel(at=at)
    db.session.flush()


def _refund(ticket: TicketDetails, journey: JourneyDetails, now: datetime) -> int:
    if journey.may_be_left_free:
        return ticket.fare
    return refunds.refund(ticket.fare, journey.refund_steps, departs_at=journey.departs_at, now=now)


def _load_details(statement: AnySelect) -> BookingDetails:
    row = db.session.execute(statement).one_or_none()
    if row is None:
        raise BookingNotFound
    payment = payment_reads.find_state(row.id, payment_id=row.payment_id)
    journeys, mails = queries.journeys(row.id), queries.mails(row.id)
    return BookingDetails(**row._asdict(), payment=payment, journeys=journeys, mails=mails)
