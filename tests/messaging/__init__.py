"""Mails, tickets, calendars."""
