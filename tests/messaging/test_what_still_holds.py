"""Mails are written some time after they were told: they say what holds then, of what is left, or do not go."""

import pytest
from flask_sqlalchemy import SQLAlchemy

from falconbus.bookings.models import Booking, BookingStatus, TicketStatus
from falconbus.messaging.mail_kinds import CANCELLATION, CONFIRMATION, HOLD_EXPIRED, PAYMENT_RETURNED
from falconbus.payments.models import Payment, PaymentStatus, Refund, RefundStatus
from falconbus.platform.mailing.kinds import MailKind
from falconbus.platform.mailing.mime import MailContent
from tests.messaging.travel import add_journey, book, cancel_passenger, tickets
from tests.world import World
from tests.written import written


@pytest.fixture(autouse=True)
def others(world: World) -> Booking:
    """Somebody else's booking, confirmed, for other mails to be wrong about."""
    return book(world, "Somebody Else", email="else@example.com")


def write(kind: MailKind, booking: Booking) -> MailContent:
    content = written(kind, booking.id)
    assert content is not None
    return content


def pay_twice(database: SQLAlchemy, booking: Booking) -> None:
    payment = Payment(
        booking_id=booking.id,
        key=f"pay_second_{booking.reference}",
        provider="sandbox",
        amount=42000,
        currency="ZAR",
        status=PaymentStatus.PAID,
        request_id="-",
        lease_until=booking.created_at,
        created_at=booking.created_at,
    )
    database.session.add(payment)
    database.session.flush()
    refund = Refund(payment_id=payment.id, key=f"ref_{booking.reference}", amount=42000, reason="paid_twice")
    refund.status, refund.created_at = RefundStatus.DUE, booking.created_at
    database.session.add(refund)
    database.session.commit()


def cancel_journey(booking: Booking, number: int) -> None:
    for ticket in tickets(booking):
        if ticket.journey_number == number:
            ticket.status = TicketStatus.CANCELLED


def test_a_second_payment_leaves_the_tickets_as_they_are(database: SQLAlchemy, world: World) -> None:
    booking = book(world, "Thandi", "Sipho")
    pay_twice(database, booking)
    texts = write(PAYMENT_RETURNED, booking).texts
    for said in (texts.plain, texts.html):
        assert "Once is enough: your tickets stay as they are, and we return the R420,00." in said
    cancel_passenger(booking, 1)
    texts = write(PAYMENT_RETURNED, booking).texts
    for said in (texts.plain, texts.html):
        assert "the tickets that are not cancelled stay as they are, and we return the R420,00." in said


@pytest.mark.parametrize("status", [BookingStatus.CANCELLED, BookingStatus.REFUNDED])
def test_nothing_is_said_to_stay_of_a_cancelled_booking(
    database: SQLAlchemy, world: World, status: BookingStatus
) -> None:
    booking = book(world, "Thandi", status=BookingStatus.CANCELLED)
    cancel_passenger(booking, 1)
    booking.status = status
    pay_twice(database, booking)
    texts = write(PAYMENT_RETURNED, booking).texts
    for said in (texts.plain, texts.html):
        assert "Once is enough: we return the R420,00." in said
        assert "stay as they are" not in said


@pytest.mark.parametrize("status", [BookingStatus.CANCELLED, BookingStatus.REFUNDED, BookingStatus.EXPIRED])
def test_no_tickets_are_said_to_be_attached_when_there_are_none(world: World, status: BookingStatus) -> None:
    booking = book(world, "Thandi", status=status)
    assert written(CONFIRMATION, booking.id) is None


def test_a_confirmation_is_about_what_is_left(database: SQLAlchemy, world: World) -> None:
    booking = book(world, "Thandi", "Sipho")
    add_journey(world, booking)
    cancel_journey(booking, 1)
    cancel_passenger(booking, 2)
    mail = write(CONFIRMATION, booking)
    assert mail.subject.startswith("Your tickets: City D to City A, ")
    assert ", and " not in mail.subject
    assert mail.texts.plain.count("(cancelled)") == 3


def test_a_partial_cancellation_names_the_trip_and_marks_what_is_gone(database: SQLAlchemy, world: World) -> None:
    booking = book(world, "Thandi")
    add_journey(world, booking)
    cancel_journey(booking, 1)
    database.session.commit()
    mail = write(CANCELLATION, booking)
    assert mail.subject.startswith("Partly cancelled: City A to City D, ")
    assert "and back" in mail.subject
    assert mail.texts.plain.count("(cancelled)\n") == 1


@pytest.mark.parametrize(
    "status", [BookingStatus.HELD, BookingStatus.CONFIRMED, BookingStatus.CANCELLED, BookingStatus.REFUNDED]
)
def test_only_a_hold_that_ran_out_is_said_to_have_run_out(world: World, status: BookingStatus) -> None:
    booking = book(world, "Thandi", status=status)
    assert written(HOLD_EXPIRED, booking.id) is None


@pytest.mark.usefixtures("booking_page")
def test_a_hold_that_ran_out_is_told_without_what_was_given_up(database: SQLAlchemy, world: World) -> None:
    booking = book(world, "Thandi", "Sipho", status=BookingStatus.EXPIRED)
    add_journey(world, booking)
    cancel_journey(booking, 1)
    cancel_passenger(booking, 2)
    mail = write(HOLD_EXPIRED, booking)
    assert mail.subject.startswith("Your seats are no longer held: City D to City A, ")
    assert "origin=D&destination=A" in mail.texts.plain
    assert "passengers=1" in mail.texts.plain
    for gone in ("Thandi", "Sipho", "cancelled", "From  07:00  City A"):
        assert gone not in mail.texts.plain
