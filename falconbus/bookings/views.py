"""Endpoints of bookings: hold, show, list. Payments, cancellations and corrections are in checkout."""

from flask import Blueprint

from falconbus.accounts.permissions import OWN_BOOKINGS
from falconbus.bookings import finding, holding, queries, service
from falconbus.bookings.errors import (
    BookingNotFound,
    JourneysOverlap,
    MixedCurrencies,
    SeatCount,
    UnknownPromoCode,
)
from falconbus.bookings.holding import Contact
from falconbus.bookings.list_schemas import BookingLineOut, BookingListQuery, MyBookingOut
from falconbus.bookings.models import Booking
from falconbus.bookings.permissions import CHANGE_BOOKINGS, SEE_BOOKINGS
from falconbus.bookings.schemas import (
    AccessQuery,
    BookingIn,
    BookingOut,
    ContactIn,
    HeldBookingOut,
)
from falconbus.inventory.errors import NotOnSale, NotServed, SeatOfOtherClass, SeatTaken, SoldOut, UnknownSeat
from falconbus.network.errors import UnknownFareClass, UnknownStop
from falconbus.platform.database.pagination import CursorQuery, Page, keyset_page
from falconbus.platform.kit import clock
from falconbus.platform.kit.errors import Invalid
from falconbus.platform.kit.settings import get_settings
from falconbus.platform.web import pseudonyms
from falconbus.platform.web.declarations import PUBLIC
from falconbus.platform.web.idempotency import IdempotencyKeyReused, RequestInProgress
from falconbus.platform.web.identity import caller
from falconbus.platform.web.operations import operation
from falconbus.timetable.errors import UnknownSchedule

bp = Blueprint("bookings", __name__, url_prefix="/api/v1")

_REFUSALS = (
    SeatTaken, SoldOut, NotOnSale, IdempotencyKeyReused, RequestInProgress, NotServed, UnknownSeat, SeatCount,
    SeatOfOtherClass, UnknownFareClass, UnknownSchedule, UnknownStop,
    JourneysOverlap, MixedCurrencies, UnknownPromoCode,
)  # fmt: skip


@operation(
    bp.post("/bookings"),
    who=PUBLIC,
    takes=BookingIn,
    gives={201: HeldBookingOut},
    refuses=_REFUSALS,
    limit="ratelimit_booking",
    idempotent=True,
    secrets={"manage_token": lambda booking: _manage_token(booking["reference"])},
    budget=7,
)
def create_booking(body: BookingIn) -> HeldBookingOut:
    """Hold seats on one or more journeys until they are paid for."""
    booking = holding.hold(
        [journey.to_request() for journey in body.journeys],
        [passenger.to_request() for passenger in body.passengers],
        _contact(body.contact),
        hold_for=service.hold_duration(),
        promo_code=body.promo_code,
    )
    return HeldBookingOut.made(booking, _manage_token(booking.reference))


@operation(
    bp.get("/bookings/<reference>"),
    who=PUBLIC,
    asks=AccessQuery,
    gives={200: BookingOut},
    refuses=(BookingNotFound,),
    budget=5,
)
def show_booking(reference: str, query: AccessQuery) -> BookingOut:
    """A booking, for the bearer of its manage token, its contact (`?email=`), its account, or staff."""
    return BookingOut.of(service.get_visible(reference, caller(), query.email))


@operation(bp.get("/bookings"), who=SEE_BOOKINGS, asks=BookingListQuery, gives={200: Page[BookingLineOut]}, budget=1)
def list_bookings(query: BookingListQuery) -> Page[BookingLineOut]:
    """All bookings, newest first."""
    zone = get_settings().time_zone
    created = clock.day_bounds(query.created_on, zone) if query.created_on else None
    found = finding.select_found(query.q) if query.q else None
    statement = queries.select_for_staff(found, query.status, query.email, query.schedule, created)
    return keyset_page(statement, Booking.id, query, BookingLineOut, BookingLineOut.of)


@operation(bp.get("/me/bookings"), who=OWN_BOOKINGS, asks=CursorQuery, gives={200: Page[MyBookingOut]}, budget=1)
def list_my_bookings(query: CursorQuery) -> Page[MyBookingOut]:
    """The bookings made with the account that calls, newest first."""
    statement = queries.select_of_account(caller().user_id or 0)
    return keyset_page(statement, Booking.id, query, MyBookingOut, MyBookingOut.of)


def _contact(given: ContactIn) -> Contact:
    """Return the contact of a new booking; Invalid without an address, which only who sells at the counter may do."""
    if given.email is None and not caller().may(CHANGE_BOOKINGS):
        raise Invalid("an e-mail address is needed: the tickets go there", pointer="/contact/email")
    return Contact(given.email, given.phone, caller().user_id, client=_client())


def _client() -> str | None:
    """Whose unpaid holds are counted, to limit the mails about them: everybody's but the staff's."""
    return None if caller().may(SEE_BOOKINGS) else pseudonyms.present_pseudonym()


def _manage_token(reference: str) -> str:
    return service.manage_token(reference, get_settings().secret_key)
