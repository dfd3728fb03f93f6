"""The kinds of mails whose texts are written here."""

from falconbus.messaging import booking_mails, charter_mails, staff_mails
from falconbus.messaging.booking_mails import about_booking
from falconbus.platform.mailing.kinds import MailKind
from falconbus.scheduling.notifications.models import MAIL_KIND

CONFIRMATION = MailKind("booking.confirmation", booking_mails.read, about_booking(booking_mails.confirmation))
CANCELLATION = MailKind(
    "booking.cancellation", booking_mails.read, about_booking(booking_mails.cancellation), once=False
)
HOLD_EXPIRED = MailKind("booking.hold_expired", booking_mails.read, about_booking(booking_mails.hold_expired))
#: Money came after the seats had gone to others, or a second time, and goes back.
PAYMENT_RETURNED = MailKind(
    "booking.payment_returned", booking_mails.read_returned, about_booking(booking_mails.payment_returned), once=False
)
#: To a member of the staff, by the key of a notification.
NOTIFICATION = MailKind(MAIL_KIND, staff_mails.read, staff_mails.render)
#: To the client of a charter, by the key of a change of it.
CHARTER = MailKind("charter", charter_mails.read, charter_mails.render)

MAIL_KINDS = (CONFIRMATION, CANCELLATION, HOLD_EXPIRED, PAYMENT_RETURNED, NOTIFICATION, CHARTER)
