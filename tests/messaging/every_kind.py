"""A mail of every kind, as a worker writes it."""

from dataclasses import replace
from unittest.mock import patch

from flask import current_app
from sqlalchemy import select

from falconbus.accounts.models import Role
from falconbus.bookings.models import Booking, BookingStatus, DepartureNotice, Journey
from falconbus.messaging import mail_kinds
from falconbus.performance.backups.mail_kinds import TROUBLE
from falconbus.platform.backups.reports import publish
from falconbus.platform.backups.status import unknown
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.platform.mailing.kinds import MailKind
from falconbus.platform.mailing.mime import MailContent
from falconbus.scheduling.appointments import history
from falconbus.scheduling.appointments.models import Action, AppointmentChange, AppointmentStatus
from falconbus.scheduling.notifications.models import Notification, NotificationKind
from falconbus.scheduling.notifications.service import Message, notify
from tests.messaging.travel import book, cancel_passenger
from tests.scheduling.charters import add_assignment, add_charter, add_service
from tests.scheduling.people import add_person
from tests.world import World
from tests.written import written

REASON = "A bridge on the N3 is closed"


def every_kind(world: World) -> dict[str, MailContent]:
    """The mails by the names of their kinds."""
    paid = book(world, "Thandi Nkosi", "Ürün Şahin")
    partly = book(world, "Thandi Nkosi", "Ürün Şahin")
    partly.refund_amount, partly.fee_amount = 37800, 4200
    cancel_passenger(partly, 2)
    expired = book(world, "Thandi Nkosi", status=BookingStatus.EXPIRED)
    subjects: dict[MailKind, int] = {
        mail_kinds.CONFIRMATION: paid.id,
        mail_kinds.CANCELLATION: partly.id,
        mail_kinds.HOLD_EXPIRED: expired.id,
        mail_kinds.CONTACT_CHANGED: paid.id,
        mail_kinds.PAYMENT_RETURNED: expired.id,
        mail_kinds.DEPARTURE_CANCELLED: _notice(paid, "cancelled"),
        mail_kinds.DEPARTURE_CHANGED: _notice(paid, "changed"),
        mail_kinds.NOTIFICATION: _offer(world),
        mail_kinds.CHARTER: _charter(world),
    }
    mails = {kind.name: written(kind, subject) for kind, subject in subjects.items()}
    mails[TROUBLE.name] = _backup_trouble()
    return {name: content for name, content in mails.items() if content is not None}


def _backup_trouble() -> MailContent | None:
    admin = add_person("nomsa", Role.ADMIN)
    on = replace(current_app.config["SETTINGS"], backup_enabled=True)
    with patch.dict(current_app.config, SETTINGS=on):
        publish(unknown("the last backup failed: no space is left for the backup"))
        return written(TROUBLE, admin.id)


def _notice(booking: Booking, kind: str) -> int:
    journey = db.session.scalars(select(Journey).where(Journey.booking_id == booking.id)).one()
    told = {"departs_at": journey.departs_at.isoformat(), "arrives_at": journey.arrives_at.isoformat()}
    change = {"was": {**told, "bus_number": "FB-7"}, "now": {**told, "bus_number": "FB-1"}}
    notice = DepartureNotice(booking_id=booking.id, schedule_id=journey.schedule_id, kind=kind, created_at=clock.now())
    notice.journeys = [{"number": 1, **(change if kind == "changed" else {"passengers": [1, 2]})}]
    if kind == "cancelled":
        notice.reason, notice.refund = REASON, 84000
    db.session.add(notice)
    db.session.commit()
    return notice.id


def _offer(world: World) -> int:
    driver = add_person("sipho", Role.DRIVER)
    offer = add_assignment(add_charter(status=AppointmentStatus.ASSIGNED, bus=world.bus), driver)
    asked = Message(
        kind=NotificationKind.OFFERED,
        title="Can you take it? Charter for Lerato Club, Fri 18 Dec 10:00",
        message="Union Buildings to Soweto, until Fri 18 Dec 14:00.\n10 passengers.\nAnswer by 12:00.",
        assignment_id=offer.id,
    )
    notify([driver.id], asked)
    db.session.commit()
    return db.session.scalars(select(Notification.id).order_by(Notification.id.desc()).limit(1)).one()


def _charter(world: World) -> int:
    boss = add_person("boss", Role.OPERATOR)
    charter = add_charter(
        add_service(),
        add_service("Wi-Fi", price=15_050),
        status=AppointmentStatus.ACCEPTED,
        bus=world.add_bus("FB-9", world.layout),
        operator_id=boss.id,
        pick_up_text=None,
        pick_up_stop_id=world.stops["A"].id,
    )
    add_assignment(charter, add_person("naledi", Role.DRIVER), status="accepted")  # type: ignore[arg-type]
    history.record(charter, Action.ACCEPTED, by_id=boss.id)
    db.session.commit()
    return db.session.scalars(select(AppointmentChange.id).order_by(AppointmentChange.id.desc()).limit(1)).one()
