"""A member of the staff's own notifications, to be read and marked."""
