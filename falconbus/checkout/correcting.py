"""Corrections of what was sold, and having their mails told again: each all or nothing, with the booking locked.

Mails that are told again say what holds when they go, with the link that holds then.
"""

from collections.abc import Iterable

from falconbus.accounts import audit
from falconbus.bookings import correcting
from falconbus.bookings import service as bookings
from falconbus.bookings.models import Booking
from falconbus.bookings.permissions import CHANGE_BOOKINGS
from falconbus.bookings.read_model import BookingDetails, MailDetails
from falconbus.checkout.errors import NothingToSend, SentTooOften
from falconbus.messaging.mail_kinds import CONFIRMATION, CONTACT_CHANGED, HOLD_EXPIRED
from falconbus.platform.kit import clock
from falconbus.platform.mailing import service as mailing
from falconbus.platform.mailing.errors import MailNotFound
from falconbus.platform.mailing.models import MailStatus
from falconbus.platform.web.identity import Identity

#: How many mails of a booking travellers have told again: with a paid ticket they could write to anybody.
_MOST_AGAIN = 12
#: Of a hold that is over there is nothing to say again, nor what the address before was told to the one of now.
_NOT_AGAIN = {HOLD_EXPIRED.name, CONTACT_CHANGED.name}


def change_contact(reference: str, identity: Identity, changes: dict[str, str | None]) -> tuple[BookingDetails, bool]:
    """Correct `email` and `phone`; return the booking, and whether its link was renewed, as another address does.

    What was told last is told there again, unless too much was told already; the address before is told of the change,
    if mails of the booking have gone there. Raises BookingNotFound.
    """
    booking = bookings.lock_changeable(reference, identity, None)
    before = {"email": booking.email, "phone": booking.phone}
    is_renewed = correcting.set_contact(booking, changes)
    after = {"email": booking.email, "phone": booking.phone}
    if after != before:
        audit.record("correct_contact", "bookings", booking.reference, before=before, after=after)
    if is_renewed:
        _tell_address_before(booking, before["email"])
        _tell_what_holds(booking, identity)
    return bookings.get_details(booking.id), is_renewed


def renew_link(reference: str, identity: Identity) -> BookingDetails:
    """Let the old links open nothing any more, and mail the new one to the contact; BookingNotFound."""
    booking = bookings.lock_changeable(reference, identity, None)
    correcting.end_links(booking)
    audit.record("renew_link", "bookings", booking.reference, version=booking.link_version)
    _tell_what_holds(booking, identity)
    return bookings.get_details(booking.id)


def correct_name(reference: str, number: int, name: str, identity: Identity) -> BookingDetails:
    """Correct a passenger's name, and mail the tickets anew, unless too much was told already.

    Raises BookingNotFound, and what bookings.correcting does.
    """
    booking = bookings.lock_changeable(reference, identity, None)
    by_staff = identity.may(CHANGE_BOOKINGS)
    before = correcting.set_name(booking, number, name, clock.now(), by_staff=by_staff)
    if before is not None:
        audit.record("correct_name", "bookings", booking.reference, passenger=number, before=before, after=name)
        mails = bookings.get_details(booking.id).mails
        _tell_again(booking, mails, [mail for mail in mails if mail.kind == CONFIRMATION.name], identity)
    return bookings.get_details(booking.id)


def send_again(reference: str, mail_id: int, identity: Identity) -> BookingDetails:
    """Have one of the booking's mails told again, to the contact.

    Raises BookingNotFound, MailNotFound, NothingToSend, SentTooOften.
    """
    booking = bookings.lock_changeable(reference, identity, None)
    mails = bookings.get_details(booking.id).mails
    mail = next((mail for mail in mails if mail.id == mail_id), None)
    if mail is None:
        raise MailNotFound
    if not _is_owed(mail):
        raise NothingToSend
    audit.record("send_again", "bookings", booking.reference, mail=mail.kind, to=booking.email)
    if not _tell_again(booking, mails, [mail], identity):
        raise SentTooOften
    return bookings.get_details(booking.id)


def _tell_address_before(booking: Booking, address: str | None) -> None:
    """Tell who had the tickets that they go to somebody else now: whoever has a link can have it changed."""
    mails = bookings.get_details(booking.id).mails
    if any(mail.recipient == address and mail.status == MailStatus.SENT for mail in mails):
        mailing.tell(CONTACT_CHANGED, booking.id, address)


def _tell_what_holds(booking: Booking, identity: Identity) -> None:
    """Tell again what did not arrive, and the mail that says how the booking stands."""
    details = bookings.get_details(booking.id)
    owed = [mail for mail in details.mails if _is_owed(mail)]
    standing = [mail for mail in owed if mail.kind == CONFIRMATION.name] if details.is_confirmed else owed
    chosen = [mail for mail in owed if mail.status != MailStatus.SENT or mail in standing[-1:]]
    _tell_again(booking, details.mails, chosen, identity)
    if details.is_confirmed and all(mail.kind != CONFIRMATION.name for mail in details.mails):
        # There was no address when it was paid.
        mailing.tell(CONFIRMATION, booking.id, booking.email)


def _is_owed(mail: MailDetails) -> bool:
    return mail.kind not in _NOT_AGAIN and mail.status != MailStatus.DROPPED


def _tell_again(
    booking: Booking, mails: Iterable[MailDetails], chosen: Iterable[MailDetails], identity: Identity
) -> bool:
    """Have some of the booking's mails told again; return whether all of those are."""
    if booking.email is None:
        return False
    told = sum(mail.edition - 1 for mail in mails)
    for number, mail in enumerate(chosen, told):
        if number >= _MOST_AGAIN and not identity.may(CHANGE_BOOKINGS):
            return False
        mailing.tell_again(mail.id, booking.email)
    return True
