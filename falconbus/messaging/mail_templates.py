"""The texts of this feature's mails, from the templates in templates/mails."""

from falconbus.messaging.trip_summary import trip
from falconbus.platform.mailing.mail_templates import MailTemplates

_templates = MailTemplates("falconbus.messaging", trip=trip)
render = _templates.render
preload = _templates.preload
