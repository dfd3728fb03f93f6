"""Search, hold, pay, and the confirmation arrives: over HTTP, with everything real."""

import io
from datetime import datetime
from email.message import EmailMessage

import pypdfium2
import pytest
import zxingcpp
from icalendar import Calendar
from pypdf import PdfReader

from tests.calls import booking_body
from tests.e2e.conftest import Sink, System, eventually, let_leases_end
from tests.world import World

pytestmark = [pytest.mark.xdist_group("running"), pytest.mark.timeout(240)]


def attachment(message: EmailMessage, content_type: str) -> bytes:
    found = [part for part in message.iter_attachments() if part.get_content_type() == content_type]
    assert len(found) == 1
    content = found[0].get_content()
    return content if isinstance(content, bytes) else content.encode()


def codes_on(pdf: bytes) -> set[str]:
    """What a scanner reads off the pages."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        images = [page.render(scale=3).to_pil() for page in document]
        return {code.text for image in images for code in zxingcpp.read_barcodes(image)}
    finally:
        document.close()


def test_search_hold_pay_and_the_mail_arrives(world: World, system: System, sink: Sink) -> None:
    schedule = world.add_schedule(days=20)
    day = world.day_of(schedule)
    found = system.call("GET", f"/api/v1/schedules?origin=A&destination=D&date={day}&passengers=2").json
    chosen = found["results"][0]
    body = booking_body(chosen["id"], chosen["origin"], chosen["destination"], passengers=2)
    held = system.call("POST", "/api/v1/bookings", body, Idempotency_Key="the-form's-own-key").json
    token = f"Bearer {held['manage_token']}"
    address = f"/api/v1/bookings/{held['reference']}"
    paid = system.call("POST", f"{address}/payments", {"provider": "sandbox", "token": "ok"}, Authorization=token)
    assert (paid.status, paid.json["status"]) == (201, "paid")

    message = eventually(lambda: sink.about(held["reference"]), 15)[0]
    assert message["To"] == "thandi@example.com"
    assert message["Message-ID"].startswith("<confirmation.1.")
    shown = system.call("GET", address, Authorization=token).json
    tickets = shown["journeys"][0]["tickets"]
    pdf = attachment(message, "application/pdf")
    assert codes_on(pdf) == {ticket["code"] for ticket in tickets}
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    assert "Thandi 0" in text
    assert "Thandi 1" in text
    event = Calendar.from_ical(attachment(message, "text/calendar").decode()).walk("VEVENT")[0]
    departure = datetime.fromisoformat(chosen["departure_time"])
    assert event["DTSTART"].dt.astimezone(departure.tzinfo) == departure
    plain = message.get_body(("plain",)).get_content()
    assert f"{system.url}/manage/{held['reference']}" in plain
    assert system.call("GET", f"{address}/ticket.pdf", Authorization=token).json.startswith(b"%PDF")
    assert b"BEGIN:VCALENDAR" in system.call("GET", f"{address}/calendar.ics", Authorization=token).json
    assert system.call("GET", f"{address}/ticket.pdf").status == 404


def test_a_slow_payment_is_confirmed_by_its_webhook_seconds_later(world: World, system: System, sink: Sink) -> None:
    held = system.call("POST", "/api/v1/bookings", booking_body(world.add_schedule(days=21).id)).json
    token = f"Bearer {held['manage_token']}"
    address = f"/api/v1/bookings/{held['reference']}"
    slow = system.call("POST", f"{address}/payments", {"provider": "sandbox", "token": "slow"}, Authorization=token)
    assert (slow.status, slow.json["status"]) == (202, "pending")
    eventually(lambda: system.call("GET", address, Authorization=token).json["status"] == "confirmed")
    eventually(lambda: sink.about(held["reference"]))


def test_a_cancellation_refunds_and_is_told(world: World, system: System, sink: Sink) -> None:
    held = system.call("POST", "/api/v1/bookings", booking_body(world.add_schedule(days=22).id)).json
    token = f"Bearer {held['manage_token']}"
    address = f"/api/v1/bookings/{held['reference']}"
    system.call("POST", f"{address}/payments", {"provider": "sandbox", "token": "ok"}, Authorization=token)
    # A confirmation that has not gone when the booking is cancelled does not go any more.
    eventually(lambda: sink.about(held["reference"]))
    cancelled = system.call("POST", f"{address}/cancel", {}, Authorization=token).json
    assert (cancelled["status"], cancelled["refund"]) == ("cancelled", "270.00")
    eventually(lambda: system.call("GET", address, Authorization=token).json["status"] == "refunded")
    mails = eventually(lambda: len(sink.about(held["reference"])) == 2 and sink.about(held["reference"]))
    assert {mail["Message-ID"].split(".")[0] for mail in mails} == {"<confirmation", "<cancellation"}


def test_a_worker_killed_in_the_middle_loses_no_mail_and_sends_none_twice(
    world: World, system: System, sink: Sink
) -> None:
    schedules = [world.add_schedule(days=day) for day in range(30, 36)]
    references = []
    for number, schedule in enumerate(schedules):
        if number == 2:
            system.kill("worker")
        held = system.call("POST", "/api/v1/bookings", booking_body(schedule.id)).json
        address = f"/api/v1/bookings/{held['reference']}/payments"
        token = f"Bearer {held['manage_token']}"
        paid = system.call("POST", address, {"provider": "sandbox", "token": "ok"}, Authorization=token)
        assert paid.status == 201
        references.append(held["reference"])
    system.start("worker")
    let_leases_end()
    eventually(lambda: all(sink.about(reference) for reference in references), 120)
    told = [message["Message-ID"] for reference in references for message in sink.about(reference)]
    assert len(told) == len(set(told)) == len(references)
