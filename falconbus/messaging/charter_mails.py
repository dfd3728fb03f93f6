"""Mails to the client of a charter: what has become of it, as it is when the mail goes out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from falconbus.messaging import mail_templates, wording
from falconbus.platform.database.engine import db
from falconbus.platform.design import formats
from falconbus.platform.design.brand import Brand, get_brand
from falconbus.platform.kit import clock
from falconbus.platform.mailing.mime import MailContent
from falconbus.scheduling.appointments.models import Action, AppointmentStatus

#: Its crew is settled.
_CONFIRMED = {AppointmentStatus.ACCEPTED, AppointmentStatus.IN_PROGRESS, AppointmentStatus.COMPLETED}

_CHARTER = text("""
    SELECT c.action, a.reference, a.status, a.client_name, a.starts_at, a.ends_at, a.time_zone, a.passengers,
           a.currency, a.cancellation_reason,
           p.name AS pick_up_stop, d.name AS drop_off_stop, a.pick_up_text, a.drop_off_text,
           buses.number AS bus_number,
           (SELECT u.email FROM users u WHERE u.id = a.operator_id AND u.active) AS reply_to,
           -- Who is neither nobody nor the client is of the staff.
           c.by_id IS NOT NULL AND c.by_id IS DISTINCT FROM a.client_id AS is_by_staff,
           EXISTS (SELECT FROM appointment_changes h
                   WHERE h.appointment_id = a.id AND h.by_id IS NOT NULL AND h.by_id IS DISTINCT FROM a.client_id
                  ) AS is_known,
           (SELECT u.name FROM assignments s JOIN users u ON u.id = s.staff_id
             WHERE s.appointment_id = a.id AND s.part = 'driver' AND s.status = 'accepted') AS driver,
           (SELECT jsonb_agg(jsonb_build_array(s.name, s.price) ORDER BY s.number)
              FROM appointment_services s WHERE s.appointment_id = a.id) AS services
    FROM appointment_changes c
    JOIN appointments a ON a.id = c.appointment_id
    LEFT JOIN stops p ON p.id = a.pick_up_stop_id
    LEFT JOIN stops d ON d.id = a.drop_off_stop_id
    LEFT JOIN buses ON buses.id = a.bus_id
    WHERE c.id = :change_id
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class CharterDocument:
    """A charter as its client is told of it; times have the offset of the pick-up's time zone.

    Anybody can ask for a charter in anybody's name: until somebody of the staff has looked at it, the mail bears no
    words of the request. Why a client cancels is known to them.
    """

    change_id: int
    brand: Brand
    reference: str
    action: str
    status: str
    name: str | None
    starts_at: datetime
    ends_at: datetime
    pick_up: str
    drop_off: str
    passengers: int
    #: Names and prices, in the currency's smallest unit.
    services: tuple[tuple[str, int], ...]
    currency: str
    bus_number: str | None
    #: The first name only.
    driver: str | None
    cancellation_reason: str | None
    #: Who dispatches it, else whom the brand names to ask.
    reply_to: str | None

    @property
    def is_cancelled(self) -> bool:
        return self.status == AppointmentStatus.CANCELLED

    @property
    def is_confirmed(self) -> bool:
        return self.status in _CONFIRMED

    @property
    def total(self) -> int:
        return sum(price for _, price in self.services)

    @property
    def title(self) -> str:
        """What has become of it, by what happened and by how it is now."""
        if self.is_cancelled:
            return "Your charter is cancelled"
        if self.action == Action.CHANGED:
            return "Your charter has changed"
        return "Your charter is confirmed" if self.is_confirmed else "We have your request"


def read(change_id: int, _sequence: int) -> CharterDocument | None:
    """Return what has become of a charter; None when it was deleted."""
    row = db.session.execute(_CHARTER, {"change_id": change_id}).one_or_none()
    return None if row is None else _document(change_id, row)


def render(document: CharterDocument) -> MailContent:
    """Write what has become of a charter. Answers to it go to who dispatches it."""
    day = formats.short_day(document.starts_at)
    return MailContent(
        subject=f"{document.title}: {day} {formats.clock_time(document.starts_at)} ({document.reference})",
        texts=mail_templates.render("charter", document.brand, {"document": document, "title": document.title}),
        message_id=f"charter.{document.change_id}.{document.reference}",
        reply_to=document.reply_to,
    )


def _place(stop: str | None, words: str | None, *, is_known: bool) -> str:
    if stop is None and not is_known:
        return "The place in your request"
    return wording.one_line(stop or words or "")


def _document(change_id: int, row: Row[Any]) -> CharterDocument:
    brand = get_brand()
    return CharterDocument(
        change_id=change_id,
        brand=brand,
        reference=row.reference,
        action=row.action,
        status=row.status,
        name=wording.one_line(row.client_name) if row.is_known else None,
        starts_at=clock.local(row.starts_at, row.time_zone),
        ends_at=clock.local(row.ends_at, row.time_zone),
        pick_up=_place(row.pick_up_stop, row.pick_up_text, is_known=row.is_known),
        drop_off=_place(row.drop_off_stop, row.drop_off_text, is_known=row.is_known),
        passengers=row.passengers,
        services=tuple((wording.one_line(name), price) for name, price in row.services or ()),
        currency=row.currency,
        bus_number=row.bus_number,
        driver=next(iter(row.driver.split()), None) if row.driver else None,
        cancellation_reason=row.cancellation_reason if row.is_by_staff else None,
        reply_to=row.reply_to or brand.support_email,
    )
