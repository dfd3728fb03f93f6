"""Addresses of corrections: contact, link, names, and mails that are sent again.

For the bearer of the manage token, the booking's account, and the staff; who knows only reference and address may not.
"""

from flask import Blueprint

from falconbus.bookings import service as bookings
from falconbus.bookings.errors import (
    BookingNotFound,
    BookingOver,
    HoldExpired,
    OtherPerson,
    PassengerNotFound,
    TooLateToCorrect,
)
from falconbus.bookings.permissions import CHANGE_BOOKINGS
from falconbus.bookings.schemas import BookingOut, CorrectedBookingOut
from falconbus.checkout import correcting
from falconbus.checkout.errors import NothingToSend, SentTooOften
from falconbus.checkout.schemas import ContactPatch, PassengerPatch
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.mailing.errors import MailNotFound
from falconbus.platform.web.declarations import PUBLIC
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation

bp = Blueprint("corrections", __name__, url_prefix="/api/v1/bookings")


@operation(
    bp.patch("/<reference>"),
    who=PUBLIC,
    takes=ContactPatch,
    gives={200: CorrectedBookingOut},
    refuses=(BookingNotFound,),
    idempotent=True,
    secrets={"manage_token": lambda booking: _renewed_token(booking["reference"], renewed=booking["link_renewed"])},
    budget=26,
)
def correct_contact(reference: str, body: ContactPatch) -> CorrectedBookingOut:
    """Correct the contact. Another `email` ends the links that were mailed, and the tickets go there with a new one.

    The address before is told of it, if mails of the booking went there.
    """
    booking, renewed = correcting.change_contact(reference, caller(), body.changes())
    token = _renewed_token(booking.reference, renewed=renewed)
    return CorrectedBookingOut.corrected(booking, link_renewed=renewed, manage_token=token)


@operation(
    bp.patch("/<reference>/passengers/<id:number>"),
    who=PUBLIC,
    takes=PassengerPatch,
    gives={200: BookingOut},
    refuses=(BookingNotFound, PassengerNotFound, HoldExpired, BookingOver, TooLateToCorrect, OtherPerson),
    budget=20,
)
def correct_name(reference: str, number: int, body: PassengerPatch) -> BookingOut:
    """Correct a passenger's name until the last coach leaves, and mail the tickets anew.

    Travellers put up to three letters right, once; the staff may write any name.
    """
    return BookingOut.of(correcting.correct_name(reference, number, body.name, caller()))


@operation(
    bp.post("/<reference>/renew-link"),
    who=CHANGE_BOOKINGS,
    gives={200: BookingOut},
    refuses=(BookingNotFound,),
    idempotent=True,
    budget=22,
)
def renew_link(reference: str) -> BookingOut:
    """End the manage links that were given out, and mail a new one to the contact."""
    return BookingOut.of(correcting.renew_link(reference, caller()))


@operation(
    bp.post("/<reference>/mails/<id:mail_id>/send-again"),
    who=PUBLIC,
    gives={200: BookingOut},
    refuses=(BookingNotFound, MailNotFound, NothingToSend, SentTooOften),
    idempotent=True,
    budget=22,
)
def send_again(reference: str, mail_id: int) -> BookingOut:
    """Send a mail of the booking again, to its contact, as it stands now; travellers a dozen of a booking at most."""
    return BookingOut.of(correcting.send_again(reference, mail_id, caller()))


def _renewed_token(reference: str, *, renewed: bool) -> str | None:
    """Return the token of the link that this call has made, for a caller whose own has ended by it.

    It is the one after the caller's, also when the call is repeated: one that was made later is for others.
    """
    identity = caller()
    if identity.managed is None or not renewed:
        return None
    return bookings.manage_token(reference, get_settings().secret_key, identity.managed_version + 1)
