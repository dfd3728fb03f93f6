"""Lapses: what was checked when a ride was given a bus or a person, and does not hold any more."""
