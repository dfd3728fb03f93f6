"""Notifications to staff, and the counts of their unread ones."""
