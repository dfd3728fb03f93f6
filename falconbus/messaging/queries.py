"""What a mail or a ticket is about, in one read; and the mail row itself."""

from collections.abc import Sequence
from email.utils import parseaddr
from itertools import groupby
from typing import Any
from urllib.parse import quote

from flask import current_app
from sqlalchemy import Row, select, text

from config import Settings
from falconbus.bookings import service as bookings
from falconbus.messaging.document import Call, ReturnedPayment, TravelDocument, TravelJourney, TravelTicket
from falconbus.messaging.models import Mail
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock

# Payments and refunds belong to a room beside this one: they are read here, never written.
_TICKETS = text("""
    SELECT b.reference, b.status, b.email, b.total, b.currency, b.created_at, b.payment_id,
           b.refund_amount, b.fee_amount,
           (SELECT jsonb_agg(jsonb_build_array(r.amount, r.reason) ORDER BY r.id)
              FROM refunds r JOIN payments p ON p.id = r.payment_id
             WHERE p.booking_id = b.id AND r.reason <> 'cancelled') AS returned,
           j.number, routes.name AS route, buses.number AS bus_number, j.departs_at, j.arrives_at,
           o.name AS origin_name, o.code AS origin_code, o.city AS origin_city, o.time_zone AS origin_zone,
           d.name AS destination_name, d.code AS destination_code, d.city AS destination_city,
           d.time_zone AS destination_zone,
           f.name AS fare_class, f.conditions,
           t.passenger_number, p.name AS passenger, t.seat_number, t.fare, t.code, t.status AS ticket_status
    FROM bookings b
    JOIN journeys j ON j.booking_id = b.id
    JOIN schedules s ON s.id = j.schedule_id
    JOIN routes ON routes.id = s.route_id
    JOIN buses ON buses.id = s.bus_id
    JOIN stops o ON o.id = j.origin_id
    JOIN stops d ON d.id = j.destination_id
    JOIN fare_classes f ON f.id = j.fare_class_id
    JOIN tickets t ON t.booking_id = b.id AND t.journey_number = j.number
    JOIN passengers p ON p.booking_id = b.id AND p.number = t.passenger_number
    WHERE b.id = :booking_id
    ORDER BY j.number, t.passenger_number
""")


def find_travel_document(booking_id: int) -> TravelDocument | None:
    """The booking with everything that can be told about it."""
    rows = db.session.execute(_TICKETS, {"booking_id": booking_id}).all()
    return _document(rows, current_app.config["SETTINGS"]) if rows else None


def operator_name(settings: Settings) -> str:
    """Who runs the buses, as mails are signed."""
    return parseaddr(settings.mail_from)[0] or "FalconBus"


def lock_mail(mail_id: int) -> Mail:
    """The mail, locked until the transaction ends."""
    statement = select(Mail).where(Mail.id == mail_id).with_for_update()
    return db.session.execute(statement, execution_options={"populate_existing": True}).scalar_one()


def _document(rows: Sequence[Row[Any]], settings: Settings) -> TravelDocument:
    booking = rows[0]
    return TravelDocument(
        operator=operator_name(settings),
        reference=booking.reference,
        status=booking.status,
        email=booking.email,
        total=booking.total,
        currency=booking.currency,
        created_at=booking.created_at,
        public_url=settings.public_url,
        manage_url=_manage_url(booking.reference, settings),
        was_paid=booking.payment_id is not None,
        refund=booking.refund_amount,
        fee=booking.fee_amount,
        returned=tuple(ReturnedPayment(*each) for each in booking.returned or ()),
        journeys=tuple(_journey(list(part)) for _, part in groupby(rows, key=lambda row: row.number)),
    )


def _manage_url(reference: str, settings: Settings) -> str:
    token = bookings.manage_token(reference, settings.secret_key)
    return f"{settings.public_url}/manage/{reference}?token={quote(token)}"


def _journey(rows: list[Row[Any]]) -> TravelJourney:
    row = rows[0]
    origin_at = clock.local(row.departs_at, row.origin_zone)
    destination_at = clock.local(row.arrives_at, row.destination_zone)
    return TravelJourney(
        number=row.number,
        route=one_line(row.route),
        origin=Call(
            name=one_line(row.origin_name),
            code=row.origin_code,
            city=one_line(row.origin_city),
            at=origin_at,
            time_zone=row.origin_zone,
        ),
        destination=Call(
            name=one_line(row.destination_name),
            code=row.destination_code,
            city=one_line(row.destination_city),
            at=destination_at,
            time_zone=row.destination_zone,
        ),
        bus_number=row.bus_number,
        fare_class=one_line(row.fare_class),
        conditions=row.conditions.strip(),
        tickets=tuple(_ticket(ticket) for ticket in rows),
    )


def _ticket(row: Row[Any]) -> TravelTicket:
    return TravelTicket(
        passenger=one_line(row.passenger),
        passenger_number=row.passenger_number,
        seat=row.seat_number,
        fare=row.fare,
        code=row.code,
        status=row.ticket_status,
    )


def one_line(words: str) -> str:
    """Names from feeds may hold line breaks; a subject line or a ticket may not."""
    return " ".join(words.split())
