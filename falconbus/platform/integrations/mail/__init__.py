"""Mailers: SMTP, files in a folder, and memory."""
