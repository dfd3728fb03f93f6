"""Telling people what happened: exactly one message for each event."""

from email.message import EmailMessage

from sqlalchemy import text

from falconbus.bookings.errors import BookingNotConfirmed
from falconbus.messaging import charter_mails, queries, staff_mails
from falconbus.messaging.booking_mails import compose
from falconbus.messaging.calendar_file import calendar_file
from falconbus.messaging.document import ReturnedPayment, TravelDocument, get_travel_document
from falconbus.messaging.jobs import SEND_MAIL
from falconbus.messaging.lazy_ticket_pdf import ticket_pdf
from falconbus.messaging.models import Mail, MailEvent, MailStatus
from falconbus.payments import refunds
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.mail.choice import mailer
from falconbus.platform.integrations.mail.mailer import MailFault, TemporaryMailFault
from falconbus.platform.jobs import OutboxRow
from falconbus.platform.kit import clock
from falconbus.platform.kit.settings import get_settings

#: What happens to a booking at most once; the other events are numbered.
_ONCE = {MailEvent.CONFIRMATION, MailEvent.HOLD_EXPIRED}

_INSERT = text("""
    INSERT INTO mails (booking_id, event, sequence, recipient, status, created_at)
    SELECT b.id, :event, coalesce(CASE WHEN NOT :once THEN max(m.sequence) END, 0) + 1, b.email, 'queued', :now
    FROM bookings b LEFT JOIN mails m ON m.booking_id = b.id AND m.event = :event
    WHERE b.id = :booking_id GROUP BY b.id
    ON CONFLICT (booking_id, event, sequence) DO NOTHING
    RETURNING id
""")


def tell(booking_id: int, event: MailEvent) -> None:
    """Have the traveller told, if this transaction commits. The caller has locked the booking."""
    values = {"booking_id": booking_id, "event": event.value, "once": event in _ONCE, "now": clock.now()}
    mail_id = db.session.execute(_INSERT, values).scalar()
    if mail_id is not None:
        jobs.enqueue(SEND_MAIL, mail_id=mail_id)


def send(mail_id: int, outbox_id: int) -> None:
    """Hand a mail over and note that it has gone; each step is its own transaction, none is open meanwhile.

    A crash after the server has taken it lets the same message go again, with the same Message-ID.
    """
    mail = transactions.run(lambda: _begin(mail_id, outbox_id))
    if mail is None:
        return
    message = transactions.run(lambda: _compose(mail))
    try:
        mailer().send(message)
    except MailFault as fault:
        refusal = fault
        transactions.run(lambda: _note_failure(mail_id, outbox_id, refusal))
    else:
        transactions.run(lambda: _note_sent(mail_id, outbox_id))


def find_ticket_pdf(booking_id: int) -> bytes:
    """The tickets of a confirmed booking to print; BookingNotFound, BookingNotConfirmed."""
    return ticket_pdf(_get_confirmed(booking_id))


def find_calendar(booking_id: int) -> bytes:
    """The journeys of a confirmed booking for a calendar app; BookingNotFound, BookingNotConfirmed."""
    return calendar_file(_get_confirmed(booking_id))


def _compose(mail: Mail) -> EmailMessage:
    if mail.booking_id is not None:
        return _compose_booking_mail(mail, mail.booking_id)
    if mail.notification_id is not None:
        return staff_mails.compose_notification(mail, mail.notification_id)
    return charter_mails.compose_charter(mail, mail.change_id or 0)


def _compose_booking_mail(mail: Mail, booking_id: int) -> EmailMessage:
    document = get_travel_document(booking_id)
    returned = [ReturnedPayment(refund.amount, refund.reason) for refund in refunds.returned(booking_id)]
    return compose(mail, document, returned, sender=get_settings().mail_from)


def _get_confirmed(booking_id: int) -> TravelDocument:
    document = get_travel_document(booking_id)
    if not document.booking.is_confirmed:
        raise BookingNotConfirmed
    return document


def _begin(mail_id: int, outbox_id: int) -> Mail | None:
    mail = queries.lock_mail(mail_id)
    if mail.status == MailStatus.SENT:
        jobs.done(outbox_id)
        return None
    mail.status = MailStatus.SENDING
    return mail


def _note_sent(mail_id: int, outbox_id: int) -> None:
    mail = queries.lock_mail(mail_id)
    mail.status = MailStatus.SENT
    mail.sent_at = mail.sent_at or clock.now()
    mail.error = None
    jobs.done(outbox_id)


def _note_failure(mail_id: int, outbox_id: int, fault: MailFault) -> None:
    mail = queries.lock_mail(mail_id)
    if mail.status == MailStatus.SENT:
        # Another worker had the same mail and got through.
        jobs.done(outbox_id)
        return
    jobs.failed(outbox_id, str(fault), retry=isinstance(fault, TemporaryMailFault))
    given_up = db.session.get_one(OutboxRow, outbox_id).failed_at is not None
    mail.status = MailStatus.FAILED if given_up else MailStatus.QUEUED
    mail.error = str(fault)
