"""Tickets on paper and journeys in calendars, read back as a scanner and a calendar app would."""

import io
import logging
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
import zxingcpp
from flask_sqlalchemy import SQLAlchemy
from icalendar import Calendar
from PIL import Image
from pypdf import PdfReader

from falconbus.bookings.errors import BookingNotConfirmed, BookingNotFound
from falconbus.bookings.models import Booking, BookingStatus
from falconbus.messaging import pdf_fonts, service
from falconbus.network.brand import service as brand
from tests.messaging.travel import add_journey, book, cancel_passenger, tickets
from tests.world import World

MORNING = datetime(2027, 12, 18, 5, 0, tzinfo=UTC)


def _pages(booking: Booking) -> list[str]:
    reader = PdfReader(io.BytesIO(service.find_ticket_pdf(booking.id)))
    return [page.extract_text() for page in reader.pages]


def _calendar(booking: Booking) -> Any:
    return Calendar.from_ical(service.find_calendar(booking.id))


@pytest.fixture(autouse=True)
def others(world: World) -> Booking:
    """Somebody else's booking."""
    return book(world, "Somebody Else")


def test_each_passenger_has_a_page_for_each_journey(database: SQLAlchemy, world: World) -> None:
    booking = book(world, "Thandi Nkosi", "Sipho Dlamini", at=MORNING)
    add_journey(world, booking, at=MORNING.replace(day=20))
    pages = _pages(booking)
    assert len(pages) == 4
    for page, ticket in zip(pages, tickets(booking), strict=True):
        for words in (booking.reference, ticket.code, "07:00", "10:00", "FB-1", "Standard", "R420,00"):
            assert words in page
    assert "Thandi Nkosi" in pages[0]
    assert "Sipho Dlamini" in pages[1]
    assert "Saturday 18 December 2027" in pages[0]
    assert "Monday 20 December 2027" in pages[3]


def test_the_code_on_the_page_is_the_tickets(database: SQLAlchemy, world: World) -> None:
    booking = book(world, "Thandi Nkosi", "Sipho Dlamini")
    document = pypdfium2.PdfDocument(service.find_ticket_pdf(booking.id))
    found = []
    for page in document:
        (code,) = zxingcpp.read_barcodes(page.render(scale=2).to_pil())
        found.append(code.text)
        corners = code.position
        millimetres = (corners.top_right.x - corners.top_left.x) / 2 / 72 * 25.4
        assert millimetres >= 35
    document.close()
    assert found == [ticket.code for ticket in tickets(booking)]


def test_cancelled_tickets_are_nowhere(database: SQLAlchemy, world: World) -> None:
    booking = book(world, "Thandi Nkosi", "Sipho Dlamini")
    cancel_passenger(booking, 1)
    (page,) = _pages(booking)
    assert "Sipho Dlamini" in page
    (event,) = _calendar(booking).events
    assert "Thandi" not in event["DESCRIPTION"]
    assert "Sipho Dlamini: seat 2" in event["DESCRIPTION"]
    assert event["SEQUENCE"] == 1


@pytest.mark.parametrize(
    "name", ["Zoë Ångström-Łukasiewicz", "Μαρία Παπαδοπούλου", "Юлия Щербакова", "Nguyễn Thị Hồng", "O\u0301 Se\u0301"]
)
def test_names_of_many_scripts_are_printed(database: SQLAlchemy, world: World, name: str) -> None:
    (page,) = _pages(book(world, name))
    assert "□" not in page
    assert name.replace("O\u0301", "Ó").replace("e\u0301", "é") in page


@pytest.mark.parametrize("name", ["محمد علي", "שרה כהן", "राजेश कुमार", "ที่รัก", "王小明", "Ali محمد (علي) Smith"])
def test_names_of_scripts_with_fonts_of_their_own_are_printed(database: SQLAlchemy, world: World, name: str) -> None:
    booking = book(world, name)
    pdf = service.find_ticket_pdf(booking.id)
    page = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert "□" not in page
    (code,) = zxingcpp.read_barcodes(pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil())
    assert code.text == tickets(booking)[0].code


@pytest.mark.parametrize("name", ["王小明", "ሰላም", "🚌 Bus", "\u200bHidden"])
def test_letters_that_no_font_has_are_shown_as_boxes_and_explained(
    database: SQLAlchemy, world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    without_extra = tuple(each for each in pdf_fonts._OF_SCRIPTS if each.name != "notocjk")  # noqa: SLF001
    monkeypatch.setattr(pdf_fonts, "_OF_SCRIPTS", without_extra)
    (page,) = _pages(book(world, name))
    assert ("□" in page) == ("□ stands for a letter" in page) == (not name.startswith("\u200b"))


@pytest.mark.parametrize(
    "name", ["W" * 100, "Wolfeschlegelsteinhausenbergerdorff " * 2 + "of Hamburg-Altona, Bergedorf"]
)
def test_long_names_stay_on_the_page(database: SQLAlchemy, world: World, name: str) -> None:
    world.stops["D"].name = "Terminal " + "Intercontinental " * 11
    world.standard.conditions = "Words and conditions. " * 400
    booking = book(world, name.strip())
    (page,) = _pages(booking)
    assert "".join(name.split()) in "".join(page.split())
    image = pypdfium2.PdfDocument(service.find_ticket_pdf(booking.id))[0].render(scale=1).to_pil().convert("L")
    width, height = image.size
    for margin in (image.crop((0, 80, 40, height)), image.crop((width - 40, 80, width, height))):
        assert margin.getextrema() == (255, 255)


def test_a_ticket_bears_the_brand(database: SQLAlchemy, world: World) -> None:
    booking = book(world, "Thandi Nkosi")
    logo = io.BytesIO()
    Image.new("RGB", (400, 100), "#c00000").save(logo, "PNG")
    brand.change_brand({"name": "Sky & Sons", "colour": "#006600", "support_phone": "+27 31 000", "imprint": "Reg. 7"})
    database.session.commit()
    (page,) = _pages(booking)
    for words in ("Sky & Sons", "+27 31 000", "Reg. 7"):
        assert words in page
    brand.change_logo(logo.getvalue())
    database.session.commit()
    image = pypdfium2.PdfDocument(service.find_ticket_pdf(booking.id))[0].render(scale=1).to_pil().convert("RGB")
    assert image.getpixel((5, 5)) == (0, 0x66, 0)
    assert image.getpixel((100, 35)) == (0xC0, 0, 0)


def test_the_file_says_what_it_is_and_never_changes(database: SQLAlchemy, world: World) -> None:
    booking = book(world, "Thandi", at=MORNING)
    first, second = (service.find_ticket_pdf(booking.id) for _ in range(2))
    assert first == second
    metadata = PdfReader(io.BytesIO(first)).metadata
    assert metadata is not None
    assert metadata.title == f"Tickets {booking.reference}: City A to City D, Sat 18 Dec 07:00"
    assert service.find_calendar(booking.id) == service.find_calendar(booking.id)


def test_a_cancelled_booking_is_taken_out_of_the_calendar(database: SQLAlchemy, world: World) -> None:
    booking = book(world, "Thandi Nkosi", "Sipho Dlamini", at=MORNING)
    seen = []
    for passenger in (1, 2):
        seen.append(_calendar(booking))
        cancel_passenger(booking, passenger)
    booking.status, booking.cancelled_at = BookingStatus.CANCELLED, booking.created_at
    database.session.commit()
    seen.append(_calendar(booking))
    events = [calendar.events[0] for calendar in seen]
    assert [calendar["METHOD"] for calendar in seen] == ["PUBLISH", "PUBLISH", "CANCEL"]
    assert [event["STATUS"] for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert [event["SEQUENCE"] for event in events] == [0, 1, 2]
    assert len({event["UID"] for event in events}) == 1
    assert {event["ORGANIZER"] for event in events} == {"mailto:tickets@127.0.0.1"}
    assert [len(event.alarms.times) for event in events] == [1, 1, 0]
    with pytest.raises(BookingNotConfirmed):
        service.find_ticket_pdf(booking.id)


@pytest.mark.parametrize(
    ("departure", "told"),
    [
        (datetime(2027, 10, 31, 0, 30, tzinfo=UTC), "2027-10-31T02:30:00+02:00"),
        (datetime(2027, 10, 31, 1, 30, tzinfo=UTC), "2027-10-31T02:30:00+01:00"),
    ],
    ids=["summer time", "winter time"],
)
def test_of_a_repeated_hour_it_is_said_which(
    database: SQLAlchemy, world: World, departure: datetime, told: str
) -> None:
    world.add_stop("BER", city="Berlin", time_zone="Europe/Berlin")
    booking = book(world, "Thandi", at=departure, hours=4, ends=("BER", "A"))
    # Read as plain text, as a reader with rules of its own would.
    lines = service.find_calendar(booking.id).decode().replace("\r\n ", "").splitlines()
    assert f"DTSTART:{departure:%Y%m%dT%H%M%SZ}" in lines
    (event,) = _calendar(booking).events
    assert event.start == departure
    assert (event.end - event.start).total_seconds() == 4 * 3600
    assert f"Departure at 02:30, {told}" in event["DESCRIPTION"]
    assert "Arrival" not in event["DESCRIPTION"]


@pytest.mark.parametrize("status", [BookingStatus.HELD, BookingStatus.EXPIRED])
def test_without_payment_there_is_no_ticket(database: SQLAlchemy, world: World, status: BookingStatus) -> None:
    booking = book(world, "Thandi", status=status)
    for find in (service.find_ticket_pdf, service.find_calendar):
        with pytest.raises(BookingNotConfirmed):
            find(booking.id)
        with pytest.raises(BookingNotFound):
            find(booking.id + 1000)


@pytest.mark.parametrize(
    ("departure", "local", "offset"),
    [
        (datetime(2027, 7, 1, 6, 30, tzinfo=UTC), "2027-07-01 07:30", 1),
        (datetime(2027, 12, 1, 6, 30, tzinfo=UTC), "2027-12-01 06:30", 0),
        # The mornings after the clocks went forward, and back.
        (datetime(2027, 3, 28, 4, 30, tzinfo=UTC), "2027-03-28 05:30", 1),
        (datetime(2027, 10, 31, 4, 30, tzinfo=UTC), "2027-10-31 04:30", 0),
    ],
)
def test_a_calendar_shows_local_times_summer_and_winter(
    database: SQLAlchemy, world: World, departure: datetime, local: str, offset: int
) -> None:
    world.add_stop("LIS", city="Lisbon", time_zone="Europe/Lisbon")
    booking = book(world, "Thandi", at=departure, hours=5, ends=("LIS", "A"))
    (event,) = _calendar(booking).events
    assert event.start.strftime("%Y-%m-%d %H:%M") == local
    assert event.start.utcoffset().total_seconds() == offset * 3600
    assert event.start.astimezone(UTC) == departure
    assert (event.end - event.start).total_seconds() == 5 * 3600
    assert event.end.tzinfo == ZoneInfo("Africa/Johannesburg")
    assert {"TZID:Europe/Lisbon", "TZID:Africa/Johannesburg"} <= set(
        service.find_calendar(booking.id).decode().splitlines()
    )


def test_an_event_is_one_journey_with_a_name_that_lasts(database: SQLAlchemy, world: World) -> None:
    booking = book(world, "Thandi", "Sipho")
    add_journey(world, booking)
    calendar = _calendar(booking)
    assert calendar["METHOD"] == "PUBLISH"
    uids = [str(event["UID"]) for event in calendar.events]
    assert uids == [f"{booking.reference}-{number}@127.0.0.1" for number in (1, 2)]
    event = calendar.events[0]
    assert event["LOCATION"] == "City A, Station A"
    assert "Thandi: seat 1\nSipho: seat 2" in event["DESCRIPTION"]
    assert [alarm["TRIGGER"].dt.total_seconds() for alarm in event.walk("VALARM")] == [-7200]


def test_a_ticket_logs_nothing(database: SQLAlchemy, world: World, caplog: pytest.LogCaptureFixture) -> None:
    booking = book(world, "Thandi Nkosi")
    with caplog.at_level(logging.INFO):
        service.find_ticket_pdf(booking.id)
        service.find_calendar(booking.id)
    assert [record.name for record in caplog.records] == []
