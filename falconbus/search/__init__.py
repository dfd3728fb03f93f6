"""Search of stops by text, and of schedules by stop or city and day."""
