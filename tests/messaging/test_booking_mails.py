"""What the mails say, and how they say it."""

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from flask_sqlalchemy import SQLAlchemy

from falconbus.bookings import service as bookings
from falconbus.bookings.models import Booking, BookingStatus
from falconbus.messaging.mail_kinds import CANCELLATION, CONFIRMATION, HOLD_EXPIRED, PAYMENT_RETURNED
from falconbus.payments.models import Payment, PaymentStatus, Refund, RefundStatus
from falconbus.platform.integrations.mail.memory import MemoryMailer
from falconbus.platform.mailing.kinds import MailKind
from tests.conftest import SECRET_KEY
from tests.messaging.travel import FARE, add_journey, book, cancel_passenger, send, told
from tests.world import World

ANGLED = "<b>O'Hara & Söhne</b>"
MORNING = datetime(2027, 12, 18, 5, 0, tzinfo=UTC)


def _mailed(mailer: MemoryMailer, booking: Booking, kind: MailKind = CONFIRMATION) -> EmailMessage:
    send(*told(booking, kind))
    return mailer.sent[-1]


def _text(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def _attachments(message: EmailMessage) -> list[str | None]:
    return [part.get_filename() for part in message.iter_attachments()]


@pytest.fixture(autouse=True)
def others(world: World) -> Booking:
    """Somebody else's booking, whose passenger no mail may name."""
    return book(world, "Somebody Else", email="else@example.com")


def test_the_subject_says_it_all(world: World, mailer: MemoryMailer) -> None:
    booking = book(world, "Thandi", at=MORNING)
    message = _mailed(mailer, booking)
    assert message["Subject"] == f"Your tickets: City A to City D, Sat 18 Dec 07:00 ({booking.reference})"


def test_the_subject_tells_of_the_way_back(world: World, mailer: MemoryMailer) -> None:
    booking = book(world, "Thandi", at=MORNING)
    add_journey(world, booking, at=MORNING.replace(day=20))
    expected = f"Your tickets: City A to City D, Sat 18 Dec 07:00, and back Mon 20 Dec 07:00 ({booking.reference})"
    assert _mailed(mailer, booking)["Subject"] == expected


def test_a_line_break_in_a_name_stays_out_of_the_subject(
    database: SQLAlchemy, world: World, mailer: MemoryMailer
) -> None:
    world.stops["A"].city = "City\r\nBcc: everybody@example.com"
    message = _mailed(mailer, book(world, "Thandi", at=MORNING))
    assert message["Subject"].startswith("Your tickets: City Bcc: everybody@example.com to City D, ")
    assert message["Bcc"] is None


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_everybody_is_named_with_their_seat(world: World, mailer: MemoryMailer, kind: str) -> None:
    booking = book(world, "Thandi Nkosi", "Μαρία Παπαδοπούλου", "Ürün Şahin")
    text = _text(_mailed(mailer, booking), kind)
    for words in ("Thandi Nkosi", "Μαρία Παπαδοπούλου", "Ürün Şahin", booking.reference, "Station A", "Station D"):
        assert words in text
    assert "Somebody Else" not in text


def test_the_manage_link_opens_this_booking(world: World, mailer: MemoryMailer) -> None:
    booking = book(world, "Thandi")
    token = bookings.manage_token(booking.reference, SECRET_KEY)
    address = f"http://127.0.0.1:8000/manage/{booking.reference}?token={token}"
    message = _mailed(mailer, booking)
    assert address in _text(message)
    assert _text(message, "html").count(f'href="{address}"') == 2
    identity = bookings.load_identity(token)
    assert identity is not None
    assert identity.managed == ("booking", booking.reference)


def test_names_are_text_never_markup(world: World, mailer: MemoryMailer) -> None:
    message = _mailed(mailer, book(world, ANGLED))
    html = _text(message, "html")
    assert "<b>" not in html
    assert "&lt;b&gt;O'Hara &amp; Söhne&lt;/b&gt;" in html
    assert ANGLED in _text(message)


def test_the_html_asks_nothing_of_anybody(world: World, mailer: MemoryMailer) -> None:
    html = _text(_mailed(mailer, book(world, "Thandi")), "html")
    for remote in ("<img", "<link", "<script", "url(", "@import"):
        assert remote not in html
    assert "prefers-color-scheme: dark" in html


def test_tickets_and_calendar_are_attached(world: World, mailer: MemoryMailer) -> None:
    booking = book(world, "Thandi")
    message = _mailed(mailer, booking)
    assert _attachments(message) == [f"tickets-{booking.reference}.pdf", f"journey-{booking.reference}.ics"]


def test_zones_are_named_only_where_clocks_differ(world: World, mailer: MemoryMailer) -> None:
    assert " time" not in _text(_mailed(mailer, book(world, "Thandi", at=MORNING))).partition("Manage")[0]
    world.add_stop("LOS", city="Lagos", time_zone="Africa/Lagos")
    text = _text(_mailed(mailer, book(world, "Thandi", at=MORNING.replace(hour=6), ends=("A", "LOS"))))
    assert "08:00 (Johannesburg time)  Saturday 18 December 2027" in text
    assert "10:00 (Lagos time)  Saturday 18 December 2027" in text
    assert "3\u00a0h\u00a000\u00a0min" in text


def test_a_cancellation_says_what_comes_back(database: SQLAlchemy, world: World, mailer: MemoryMailer) -> None:
    booking = book(world, "Thandi", ANGLED)
    booking.refund_amount, booking.fee_amount = 37800, 4200
    cancel_passenger(booking, 2)
    message = _mailed(mailer, booking, CANCELLATION)
    text = _text(message)
    assert message["Subject"].startswith("Partly cancelled: ")
    assert f"{ANGLED}, R420,00 (cancelled)" in text
    assert "Thandi, R420,00\n" in text.replace("\r\n", "\n")
    assert "Cancellation fee: R42,00" in text
    assert "Refund: R378,00" in text
    assert "within 10 working days" in text
    assert len(_attachments(message)) == 2


def test_a_whole_cancellation_has_no_tickets(database: SQLAlchemy, world: World, mailer: MemoryMailer) -> None:
    booking = book(world, "Thandi", status=BookingStatus.CANCELLED)
    booking.fee_amount = FARE
    cancel_passenger(booking, 1)
    message = _mailed(mailer, booking, CANCELLATION)
    assert message["Subject"].startswith("Cancelled: ")
    assert "no money is returned" in _text(message)
    (part,) = message.iter_attachments()
    assert part.get_filename() == f"journey-{booking.reference}.ics"
    assert (part.get_content_type(), part["Content-Type"].params["method"]) == ("text/calendar", "CANCEL")
    assert "METHOD:CANCEL" in part.get_content()


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_hold_that_ran_out_offers_a_new_search(
    world: World, mailer: MemoryMailer, booking_page: str, kind: str
) -> None:
    booking = book(world, "Thandi", "Sipho", status=BookingStatus.EXPIRED, at=MORNING)
    cancel_passenger(booking, 1)
    message = _mailed(mailer, booking, HOLD_EXPIRED)
    address = f"{booking_page}&origin=A&destination=D&date=2027-12-18&passengers=1"
    text = _text(message, kind)
    assert not any(name in text for name in ("Thandi", "Sipho"))
    assert "Passenger 2" in text
    assert (address.replace("&", "&amp;") if kind == "html" else address) in text
    assert "cancelled" not in text
    assert _attachments(message) == []


@pytest.mark.parametrize("kind", [HOLD_EXPIRED, PAYMENT_RETURNED], ids=str)
def test_without_a_page_to_search_on_there_is_no_button(world: World, mailer: MemoryMailer, kind: MailKind) -> None:
    message = _mailed(mailer, book(world, "Thandi", status=BookingStatus.EXPIRED), kind)
    for text in (_text(message), _text(message, "html")):
        assert "Search again" not in text
        assert "http" not in text.replace("http-equiv", "")
        assert "Thandi" not in text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("too_late", "no longer yours"),
        ("departed", "the coach had left"),
        ("withdrawn", "not on sale any more"),
        ("booking_cancelled", "had been cancelled"),
        ("paid_twice", "second payment"),
        ("overpaid", "the difference of R410,00"),
        ("wrong_amount", "not what this booking costs: R420,00"),
    ],
)
def test_a_returned_payment_says_why_and_how_much(
    database: SQLAlchemy, world: World, mailer: MemoryMailer, others: Booking, reason: str, words: str
) -> None:
    booking = book(world, "Thandi", status=BookingStatus.EXPIRED)
    for owner, amount in ((others, 99900), (booking, 41000)):
        now = owner.created_at
        payment = Payment(
            booking_id=owner.id,
            key=f"pay_{owner.reference}",
            provider="sandbox",
            amount=amount,
            currency="ZAR",
            status=PaymentStatus.PAID,
            request_id="-",
            lease_until=now,
            created_at=now,
        )
        database.session.add(payment)
        database.session.flush()
        refund = Refund(
            payment_id=payment.id,
            key=f"ref_{owner.reference}",
            amount=amount,
            reason=reason,
            status=RefundStatus.DUE,
            created_at=now,
        )
        database.session.add(refund)
    message = _mailed(mailer, booking, PAYMENT_RETURNED)
    assert message["Subject"].startswith("R410,00 goes back to you: City A to City D, ")
    assert words in _text(message)
    assert words in _text(message, "html")
    assert "Returned to you: R410,00" in _text(message)


@pytest.mark.parametrize("kind", [CONFIRMATION, CANCELLATION, HOLD_EXPIRED, PAYMENT_RETURNED], ids=str)
def test_the_same_mail_is_the_same_bytes(
    database: SQLAlchemy, world: World, mailer: MemoryMailer, kind: MailKind
) -> None:
    status = BookingStatus.EXPIRED if kind == HOLD_EXPIRED else BookingStatus.CONFIRMED
    mail, job = told(book(world, "Thandi", ANGLED, status=status), kind)
    for _ in range(2):
        mail.status = "queued"
        send(mail, job)
    first, second = (message.as_bytes() for message in mailer.sent)
    assert first == second
    assert all(len(line) < 998 for line in first.split(b"\r\n"))
    assert first.isascii()


def test_a_domain_of_other_letters_is_written_for_machines(world: World, mailer: MemoryMailer) -> None:
    message = _mailed(mailer, book(world, "Thandi", email="thandi@straße.example.com"))
    assert message["To"] == "thandi@xn--strae-oqa.example.com"


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_free_ride_is_not_said_to_have_cost_something(
    database: SQLAlchemy, world: World, mailer: MemoryMailer, kind: str
) -> None:
    booking = book(world, "Thandi", status=BookingStatus.CANCELLED)
    cancel_passenger(booking, 1)
    text = _text(_mailed(mailer, booking, CANCELLATION), kind)
    assert "These tickets cost nothing, so there is nothing to return." in text
    assert "no money is returned" not in text


def test_a_name_from_right_to_left_does_not_turn_its_line(
    database: SQLAlchemy, world: World, mailer: MemoryMailer
) -> None:
    world.stops["D"].city = "חיפה"
    message = _mailed(mailer, book(world, "محمد علي", "Sipho", at=MORNING))
    isolated = "\u2068محمد علي\u2069"
    assert f"Seat 1: {isolated}, R420,00" in _text(message).replace("\xa0", " ")
    assert f"{isolated}, Sipho" in _text(message, "html")
    assert "City A to \u2068חיפה\u2069, Sat 18 Dec" in message["Subject"]
