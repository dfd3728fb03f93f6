"""Telling members of the staff what happens, and how many of it they have not read."""
