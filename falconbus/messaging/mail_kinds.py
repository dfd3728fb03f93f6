"""The kinds of mails whose texts are written here."""

from falconbus.messaging import booking_mails, charter_mails, departure_mails, staff_mails
from falconbus.messaging.booking_mails import about_booking
from falconbus.messaging.departure_mails import about_departure
from falconbus.platform.mailing.kinds import MailKind
from falconbus.scheduling.notifications.models import MAIL_KIND

CONFIRMATION = MailKind("booking.confirmation", booking_mails.read_confirmed, about_booking(booking_mails.confirmation))
CANCELLATION = MailKind(
    "booking.cancellation", booking_mails.read, about_booking(booking_mails.cancellation), once=False
)
HOLD_EXPIRED = MailKind("booking.hold_expired", booking_mails.read_expired, about_booking(booking_mails.hold_expired))
#: To the address before, of a contact that was changed.
CONTACT_CHANGED = MailKind(
    "booking.contact_changed", booking_mails.read, about_booking(booking_mails.contact_changed), once=False
)
#: Money came after the seats had gone to others, or a second time, and goes back.
PAYMENT_RETURNED = MailKind(
    "booking.payment_returned", booking_mails.read_returned, about_booking(booking_mails.payment_returned), once=False
)
#: To travellers, by the key of a notice of a departure of theirs.
DEPARTURE_CANCELLED = MailKind(
    "departure.cancelled", departure_mails.read, about_departure(departure_mails.departure_cancelled)
)
DEPARTURE_CHANGED = MailKind(
    "departure.changed", departure_mails.read_changed, about_departure(departure_mails.departure_changed)
)
#: To a member of the staff, by the key of a notification.
NOTIFICATION = MailKind(MAIL_KIND, staff_mails.read, staff_mails.render)
#: To the client of a charter, by the key of a change of it.
CHARTER = MailKind("charter", charter_mails.read, charter_mails.render)

MAIL_KINDS = (
    CONFIRMATION,
    CANCELLATION,
    HOLD_EXPIRED,
    CONTACT_CHANGED,
    PAYMENT_RETURNED,
    DEPARTURE_CANCELLED,
    DEPARTURE_CHANGED,
    NOTIFICATION,
    CHARTER,
)
