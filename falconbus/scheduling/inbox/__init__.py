"""The caller's own notifications: list, read, mark."""
