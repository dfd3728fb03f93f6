"""The door to the PDF's maker, whose libraries (25 MB, most of a second) a command never needs."""

from falconbus.messaging.document import TravelDocument
from falconbus.platform.database import transactions
from falconbus.platform.kit.lazy import Lazy

_maker = Lazy("falconbus.messaging.ticket_pdf")
_page = Lazy("falconbus.messaging.pdf_page")


def ticket_pdf(document: TravelDocument) -> bytes:
    """The tickets to print: see messaging/ticket_pdf.py; no transaction is open."""
    transactions.check_outside("a ticket's PDF")
    content: bytes = _maker.ticket_pdf(document)
    return content


def preload() -> None:
    """Load the PDF's maker, and with a first page its fonts and what the libraries import when they are used."""
    _maker.load()
    _page.make_sample()
