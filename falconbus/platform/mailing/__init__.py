"""Mails: MIME messages, and the mailbox that development looks into."""
