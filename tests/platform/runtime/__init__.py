"""Embedded servers and supervision, on real processes."""
