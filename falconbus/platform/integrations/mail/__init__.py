"""Handing mails over."""
