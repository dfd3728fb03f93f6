"""The door to the PDF's maker, whose libraries (25 MB, most of a second) a web process rarely needs."""

from falconbus.messaging.document import TravelDocument
from falconbus.platform.kit.lazy import Lazy

_maker = Lazy("falconbus.messaging.ticket_pdf")


def ticket_pdf(document: TravelDocument) -> bytes:
    """The tickets to print: see messaging/ticket_pdf.py."""
    content: bytes = _maker.ticket_pdf(document)
    return content
