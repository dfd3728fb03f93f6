"""The guard: nothing slow or foreign is called while a transaction is open. It is seen to fail for each of them."""

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.bookings import service as bookings
from falconbus.messaging import booking_mails, calendar_file, lazy_ticket_pdf
from falconbus.messaging.document import TravelDocument, get_travel_document
from falconbus.platform.database import transactions
from falconbus.platform.database.transactions import TransactionOpen
from falconbus.platform.integrations.payments import registry
from tests.conftest import SECRET_KEY
from tests.messaging.travel import book
from tests.world import World


def ask_provider(_document: TravelDocument) -> object:
    return registry.available()["sandbox"].find("pay_unknown")


@pytest.fixture
def document(world: World) -> TravelDocument:
    booking = book(world, "Thandi")
    document = get_travel_document(booking.id)
    transactions.end_reading()
    return document


@pytest.mark.parametrize(
    "call",
    [
        lazy_ticket_pdf.ticket_pdf,
        calendar_file.calendar_file,
        lambda document: booking_mails.hold_expired(document, 1),
        ask_provider,
    ],
    ids=["PDF", "calendar", "template", "provider"],
)
def test_it_is_refused_inside_and_done_outside(
    database: SQLAlchemy, document: TravelDocument, call: Callable[[TravelDocument], object]
) -> None:
    database.session.execute(text("SELECT 1"))
    with pytest.raises(TransactionOpen):
        call(document)
    database.session.rollback()
    call(document)


@pytest.fixture
def in_production(app: FalconBus) -> Iterator[None]:
    app.testing = False
    yield
    app.testing = True


def test_production_rather_waits(database: SQLAlchemy, document: TravelDocument, in_production: None) -> None:
    database.session.execute(text("SELECT 1"))
    assert lazy_ticket_pdf.ticket_pdf(document).startswith(b"%PDF")


@pytest.mark.parametrize("paper", ["ticket.pdf", "calendar.ics"])
@pytest.mark.parametrize("address", ["/api/v1/bookings/{}/{}?", "/manage/{}/{}?token={}&"])
def test_papers_hold_no_connection_while_they_are_made(
    client: FlaskClient, world: World, app: FalconBus, paper: str, address: str
) -> None:
    booking = book(world, "Thandi")
    token = bookings.manage_token(booking.reference, SECRET_KEY)
    headers = {"Authorization": f"Bearer {token}"} if address.startswith("/api") else {}
    answer = client.get(address.format(booking.reference, paper, token), headers=headers)
    assert answer.status_code == 200
