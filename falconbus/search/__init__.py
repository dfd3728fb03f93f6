"""Stops by text, schedules by place and day."""
