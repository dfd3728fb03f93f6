"""Finding bookings by what somebody at the telephone or the counter has: a name, a number, an address, a code."""

import re
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, literal_column, select, text, union

from falconbus.bookings import payment_reads
from falconbus.bookings.models import PHONE_DIGITS, Booking, Passenger, Ticket
from falconbus.platform.database.engine import AnySelect
from falconbus.platform.kit import references
from falconbus.platform.kit.emails import email_to_find

#: Digits of a phone number that are compared: those before are the dialling code, or the zero in its place.
_COMPARED_DIGITS = 9
_FEWEST_DIGITS = 6
#: A word of the name begins with each word that is typed.
_HAS_NAME = text("""
    name_words(name) @@ (
        SELECT to_tsquery('simple', string_agg(quote_literal(lexeme) || ':*', ' & '))
        FROM unnest(name_words(CAST(:typed AS text))))
""")


def select_found(typed: str) -> CompoundSelect[Any]:
    """Select the ids of the bookings that a text leads to.

    It is a reference, a ticket's code, the contact's e-mail or phone, a payment by our name or its provider's, or the
    beginnings of a passenger's names. Each is a look-up in an index of its own.
    """
    digits = re.sub("[^0-9]", "", typed)
    code = references.read_reference(typed)
    found: list[AnySelect] = [
        select(Booking.id).where(Booking.reference == code),
        select(Ticket.booking_id).where(Ticket.code == code),
        payment_reads.select_bookings_of(typed),
    ]
    if "@" in typed:
        found.append(select(Booking.id).where(Booking.email == email_to_find(typed)))
    elif any(character.isalpha() for character in typed):
        found.append(select(Passenger.booking_id).where(_HAS_NAME.bindparams(typed=typed)))
    if len(digits) >= _FEWEST_DIGITS:
        phone: ColumnElement[str] = literal_column(PHONE_DIGITS)
        found.append(select(Booking.id).where(Booking.phone.is_not(None), phone == digits[-_COMPARED_DIGITS:]))
    return union(*found)
