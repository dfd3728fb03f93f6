"""Messages to members of the staff."""
