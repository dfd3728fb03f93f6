"""What mails and papers are made with, loaded before a process forks."""

from falconbus.messaging import calendar_file, lazy_ticket_pdf, mail_templates


def preload() -> None:
    """Load the makers of PDFs and calendars and the mails' templates: 30 MB, a second."""
    lazy_ticket_pdf.preload()
    calendar_file.preload()
    mail_templates.preload()
