"""Backups as those who run the line see them: taken by night, watched, told of when something is wrong."""
