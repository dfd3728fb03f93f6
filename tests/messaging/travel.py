"""Bookings to tell about, and the jobs that tell."""

from datetime import datetime, timedelta

from sqlalchemy import select

from falconbus.bookings.models import Booking, BookingStatus, Journey, Passenger, Ticket, TicketStatus
from falconbus.fares import refunds
from falconbus.messaging.mail_kinds import CONFIRMATION
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.jobs import OutboxRow
from falconbus.platform.kit import clock, references
from falconbus.platform.mailing import service as mailing
from falconbus.platform.mailing.kinds import MailKind
from falconbus.platform.mailing.models import Mail
from falconbus.timetable.models import Schedule
from tests.world import World

FARE = 42000
EMAIL = "thandi@example.com"


def book(
    world: World,
    *names: str,
    status: BookingStatus = BookingStatus.CONFIRMED,
    at: datetime | None = None,
    hours: int = 3,
    ends: tuple[str, str] = ("A", "D"),
    email: str = EMAIL,
) -> Booking:
    """A booking of one journey for passengers of these names, in seats 1, 2, 3."""
    now = clock.now()
    confirmed = status not in {BookingStatus.HELD, BookingStatus.EXPIRED}
    booking = Booking(
        reference=references.new_reference(),
        status=status,
        email=email,
        total=FARE * len(names),
        currency="ZAR",
        created_at=now,
        expires_at=now + timedelta(minutes=10),
        confirmed_at=now if confirmed else None,
        cancelled_at=now if status == BookingStatus.CANCELLED else None,
        payment_id=f"pay_{references.new_reference()}" if confirmed else None,
    )
    db.session.add(booking)
    db.session.flush()
    for number, name in enumerate(names, 1):
        db.session.add(Passenger(booking_id=booking.id, number=number, name=name, type="adult"))
    add_journey(world, booking, at=at, hours=hours, ends=ends)
    return booking


def add_journey(
    world: World, booking: Booking, *, at: datetime | None = None, hours: int = 3, ends: tuple[str, str] = ("D", "A")
) -> Journey:
    """One more ride for everybody of the booking."""
    others = db.session.query(Schedule).count()
    morning = clock.now().replace(hour=6, minute=0, second=0, microsecond=0)
    schedule = world.add_schedule(at=at or morning + timedelta(days=7 + others))
    number = db.session.query(Journey).where(Journey.booking_id == booking.id).count() + 1
    journey = Journey(
        booking_id=booking.id,
        number=number,
        schedule_id=schedule.id,
        fare_class_id=world.standard.id,
        origin_position=0,
        destination_position=3,
        origin_id=world.stops[ends[0]].id,
        destination_id=world.stops[ends[1]].id,
        departs_at=schedule.departure_time,
        arrives_at=schedule.departure_time + timedelta(hours=hours),
        route_name=world.route.name,
        fare_class_name=world.standard.name,
        conditions=world.standard.conditions,
        refund_steps=refunds.steps_of_sale(refundable=world.standard.refundable),
    )
    db.session.add(journey)
    db.session.flush()
    passengers = db.session.query(Passenger).where(Passenger.booking_id == booking.id).count()
    for passenger in range(1, passengers + 1):
        db.session.add(
            Ticket(
                booking_id=booking.id,
                journey_number=number,
                passenger_number=passenger,
                schedule_id=schedule.id,
                seat_number=str(passenger),
                fare=FARE,
                fare_trace=[],
                code=references.new_reference(12),
                status=TicketStatus.ISSUED,
            )
        )
    db.session.commit()
    return journey


def cancel_passenger(booking: Booking, number: int) -> None:
    for ticket in tickets(booking):
        if ticket.passenger_number == number:
            ticket.status = TicketStatus.CANCELLED
    db.session.commit()


def tickets(booking: Booking) -> list[Ticket]:
    statement = select(Ticket).where(Ticket.booking_id == booking.id)
    return list(db.session.scalars(statement.order_by(Ticket.journey_number, Ticket.passenger_number)))


def told(booking: Booking, kind: MailKind = CONFIRMATION) -> tuple[Mail, OutboxRow]:
    """The newest mail of the kind, and its job, after telling."""
    transactions.run(lambda: mailing.tell(kind, booking.id, booking.email))
    statement = select(Mail).where(Mail.subject_id == booking.id, Mail.kind == kind.name).order_by(Mail.id.desc())
    mail = db.session.scalars(statement.limit(1)).one()
    return mail, db.session.scalars(select(OutboxRow).order_by(OutboxRow.id.desc()).limit(1)).one()


def send(mail: Mail, job: OutboxRow) -> None:
    """What the task does."""
    db.session.commit()
    transactions.run(lambda: mailing.send(mail.id, job.id))
    db.session.refresh(mail)
    db.session.refresh(job)
    db.session.commit()
