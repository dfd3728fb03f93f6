"""Crews of line departures."""
