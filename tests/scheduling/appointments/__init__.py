"""Tests of charters: asking, lists, changes."""
