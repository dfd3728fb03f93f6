"""Comparison of two releases, or two stretches of time: which endpoints really changed."""
